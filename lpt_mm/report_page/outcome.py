"""What became of the images of a test, from one pass over them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from mmengine.runner import Runner
from torch import Tensor, nn

from lpt_mm.engine.runner_state import classifier_of
from lpt_mm.evaluation.report import find_long_tail_metric, make_report
from lpt_mm.matching.report import MatchingReport
from lpt_mm.models.necks import GroupPromptNeck
from lpt_mm.models.necks.choice import Choice
from lpt_mm.utils.errors import UserError


@dataclass
class Outcome:
    """What became of the test images, in the order of the data set.

    Args:
        report: The report of the test, see ``make_report``.
        label: (number of images,) class indices.
        prediction: (number of images,) class indices.
        confidence: (number of images,) share of the largest score; NaN without scores.
        matching: How the images were matched with groups; None without groups.
    """

    report: dict
    label: np.ndarray
    prediction: np.ndarray
    confidence: np.ndarray
    matching: MatchingReport | None

    @property
    def has_confidence(self) -> bool:
        """Whether each image came with a score."""
        return not np.isnan(self.confidence).any()

    @cached_property
    def wrong(self) -> np.ndarray:
        """Indices of the images that are wrong, the most certain one first."""
        wrong = np.flatnonzero(self.label != self.prediction)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")]

    def confused_pairs(self) -> list[tuple[int, int, int]]:
        """Count the images of a class taken for another one, the most frequent first.

        Returns:
            Class of the label, class of the prediction, images.
        """
        pairs = np.stack([self.label, self.prediction], axis=1)[self.wrong]
        found, images = np.unique(pairs, axis=0, return_counts=True)
        order = np.argsort(-images, kind="stable")
        return np.column_stack([found, images])[order].tolist()

    def most_certain(self, label: int, prediction: int) -> np.ndarray:
        """Find the images of one class that were taken for one, most certain first."""
        chosen = np.flatnonzero((self.label == label) & (self.prediction == prediction))
        return chosen[np.argsort(-self.confidence[chosen], kind="stable")]


def find_outcome(runner: Runner) -> Outcome:
    """Test the model of a run that has not begun, on images in order."""
    metric = find_long_tail_metric(runner.test_evaluator)
    if metric.prefix != metric.default_prefix:
        raise UserError(
            f"a report reads the metrics '{metric.default_prefix}/...': set no prefix "
            "of LongTailMetric"
        )
    neck = getattr(classifier_of(runner.model), "neck", None)
    with _choices(neck) as choices:
        report = make_report(runner.test(), metric)
    matching = None
    if choices:
        matching = MatchingReport.of(
            choices,
            metric.predictions[0],
            neck.prompt_keys,
            class_names=[row["name"] for row in report["classes"]],
            cls_num_list=metric.cls_num_list,
            shot_groups=metric.shot_groups,
        )
    return Outcome(report, *metric.predictions, matching)


@contextmanager
def _choices(neck: nn.Module | None) -> Iterator[list[Choice]]:
    """Collect the groups of each batch while images go through the model."""
    choices: list[Choice] = []

    def collect(neck: GroupPromptNeck, inputs: tuple[Tensor], _: object) -> None:
        choices.append(neck.choose(*inputs))

    if not isinstance(neck, GroupPromptNeck):
        yield choices
        return
    handle = neck.register_forward_hook(collect)
    try:
        yield choices
    finally:
        handle.remove()
