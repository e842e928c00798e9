"""From the scores of a model to classes by their names."""

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite

from torch import Tensor

from lpt_mm.answers.answering import Answering, Question
from lpt_mm.evaluation.metrics import ShotGroups
from lpt_mm.inference.batches import PreparedImage
from lpt_mm.inference.prediction import Prediction
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.pack import Pack


class ClassTable:
    """The classes of a model: their names, and which of them are few-shot.

    Args:
        pack: What is known of the model.
        task: What its predictions say that they are of, if they are of several tasks.

    Attributes:
        names: Names of the classes, length C.
        shot_groups: What the groups are.
        answering: What makes probabilities of scores, and what else is asked for.
    """

    def __init__(self, pack: Pack, task: str | None = None) -> None:
        self.names = pack.class_names
        self.shot_groups = ShotGroups(pack.convention, tuple(pack.thresholds))
        self.answering = Answering(pack, Question())
        self._task = task
        counts = pack.cls_num_list
        self._groups = counts and self.shot_groups.assign(counts).tolist()

    def read(
        self, batch: Iterable[PreparedImage], logit: Tensor, top: int
    ) -> Iterator[Prediction]:
        """Say which classes are the likeliest.

        Args:
            batch: The images.
            logit: (n, C) scores of those that could be read, before the softmax.
            top: How many classes are named for each.

        Yields:
            A prediction for each image, in their order.
        """
        found: Iterator = iter(())
        if len(logit):
            probability = self.answering.posterior(logit)
            best = probability.topk(min(top, len(self.names)), dim=1)
            further = self.answering.further(logit, probability)
            columns = (best.indices.tolist(), best.values.tolist(), further)
            found = zip(*columns, strict=True)
        for image in batch:
            if image.error is None:
                yield self._describe(image.path, *next(found))
            else:
                yield Prediction(path=image.path, error=image.error, task=self._task)

    def _describe(
        self,
        path: str | None,
        labels: list[int],
        scores: list[float],
        further: Mapping[str, object],
    ) -> Prediction:
        if not all(map(isfinite, scores)):
            error = "its scores are no finite numbers"
            return Prediction(path=path, error=error, task=self._task)
        return Prediction(
            labels=tuple(labels),
            scores=tuple(scores),
            names=tuple(self.names[label] for label in labels),
            shot_group=None if self._groups is None else self._groups[labels[0]],
            path=path,
            task=self._task,
            **further,
        )


def require_positive(top: int) -> None:
    """Refuse to name no class at all."""
    if top < 1:
        raise UserError(f"top must be at least 1, got {top}")
