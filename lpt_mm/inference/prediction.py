"""What a model says of an image."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Prediction:
    """The most likely classes of an image, or why there are none.

    Args:
        labels: Class indices, the most likely first.
        scores: Their probabilities.
        names: Their names.
        shot_group: ``'many'``, ``'medium'`` or ``'few'``: how many training images the
            first class had; None if unknown.
        path: The file that the image is of; None for other images.
        error: Why the image could not be read, in one line; then there are no labels.
        task: Name of the task, of several on one backbone; None for a model alone.
        observation: What the images show, if they are several with one answer.
        images: How many of these could be read; then ``error`` is about the others.
        answer_set: Names of the classes that the image may be of, the most likely
            first; None unless a coverage is asked for.
        answer: The deepest name of a taxonomy that is certain, if one is asked for.
        level: Which level of the taxonomy it is of.
        certainty: Its summed probability.
    """

    labels: tuple[int, ...] = ()
    scores: tuple[float, ...] = ()
    names: tuple[str, ...] = ()
    shot_group: str | None = None
    path: str | None = None
    error: str | None = None
    task: str | None = None
    observation: str | None = None
    images: int | None = None
    answer_set: tuple[str, ...] | None = None
    answer: str | None = None
    level: str | None = None
    certainty: float | None = None

    @property
    def label(self) -> int | None:
        """Index of the most likely class; None if the image could not be read."""
        return self.labels[0] if self.labels else None

    @property
    def score(self) -> float | None:
        """Its probability."""
        return self.scores[0] if self.scores else None

    @property
    def name(self) -> str | None:
        """Its name."""
        return self.names[0] if self.names else None
