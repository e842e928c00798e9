"""What the page says of a photo, as its controls stand."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from lpt_mm.answers.answering import Answering, Question
from lpt_mm.answers.posterior import class_groups
from lpt_mm.answers.prior import Prior
from lpt_mm.demo.models import Photo
from lpt_mm.demo.neighbours import Neighbour
from lpt_mm.inference.batches import PreparedImage
from lpt_mm.inference.class_table import ClassTable
from lpt_mm.inference.prediction import Prediction
from lpt_mm.weights.calibration import SETS
from lpt_mm.weights.pack import PRIOR_POWER, Pack

TOP = 5


@dataclass(frozen=True)
class Controls:
    """How the controls of the page stand.

    Args:
        task: Which task is looked at.
        prior: From 0 (classes equally frequent) to 1 (as in training); None if the
            pack cannot have one.
        coverage: Of the answer sets; None for none.
    """

    task: str
    prior: float | None = None
    coverage: float | None = None


@dataclass(frozen=True)
class Answer:
    """A class that a photo may be of."""

    name: str
    score: float
    shot_group: str | None


@dataclass(frozen=True)
class Card:
    """What is shown of a photo.

    Args:
        name: What its file is called.
        picture: A small picture of it, if it could be read.
        error: Why there are no answers.
        answers: The likeliest classes.
        answer_set: Those it may be of, at the coverage asked for; None for no sets.
        neighbours: The nearest training images.
        groups: The groups of prompts that were matched.
    """

    name: str
    picture: Markup | None
    error: str | None = None
    answers: Sequence[Answer] = ()
    answer_set: Sequence[str] | None = None
    neighbours: Sequence[Neighbour] = ()
    groups: Sequence[int] = ()


def make_card(photo: Photo, pack: Pack, controls: Controls) -> Card:
    """Answer with the scores of a photo; no model is run.

    Args:
        photo: The photo.
        pack: Of the task that is looked at.
        controls: How the controls stand.

    Returns:
        What is shown.
    """
    if photo.error is not None:
        return Card(photo.name, photo.picture, photo.error)
    found = photo.found[controls.task]
    table = ClassTable(pack)
    prior = None if controls.prior is None else Prior(controls.prior)
    table.answering = Answering(pack, Question(prior, controls.coverage))
    (said,) = table.read([PreparedImage(photo.name)], found.score, TOP)
    return Card(
        photo.name,
        photo.picture,
        said.error,
        answers_of(said, pack),
        said.answer_set,
        found.neighbours,
        found.groups,
    )


def answers_of(prediction: Prediction, pack: Pack) -> list[Answer]:
    """Give the classes of a prediction, each with its shot group if that is known."""
    groups = None if pack.cls_num_list is None else class_groups(pack)
    return [
        Answer(name, score, None if groups is None else str(groups[label]))
        for name, score, label in zip(
            prediction.names, prediction.scores, prediction.labels, strict=True
        )
    ]


def trained_prior(pack: Pack) -> float | None:
    """Give the prior with which a pack answers as without one; None if unknown."""
    power = pack.balancing.get(PRIOR_POWER)
    if power is None or pack.cls_num_list is None:
        return None
    return min(float(power), 1.0)


def coverages(pack: Pack) -> list[float]:
    """Name the coverages of which a pack has answer sets."""
    return sorted(map(float, (pack.calibration or {}).get(SETS, {})))
