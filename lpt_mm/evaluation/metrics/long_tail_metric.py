"""Accuracy by shot group."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmpretrain.registry import METRICS

CONVENTIONS = ("lpt", "oltr")
SHOT_GROUPS = ("many", "medium", "few")


@dataclass(frozen=True)
class ShotGroups:
    """How classes are grouped by their number of training images.

    With thresholds (a, b), ``'lpt'`` has few <= a < medium <= b < many, as the
    published results of LPT; ``'oltr'`` has few < a <= medium <= b < many, as most
    other code since https://arxiv.org/abs/1904.05160.

    Args:
        convention: ``'lpt'`` or ``'oltr'``.
        thresholds: The bounds (a, b), in images.

    Raises:
        ValueError: If the convention is unknown or the thresholds do not increase.
    """

    convention: str = "lpt"
    thresholds: tuple[int, int] = (20, 100)

    def __post_init__(self) -> None:
        if self.convention not in CONVENTIONS:
            raise ValueError(
                f"convention must be one of {CONVENTIONS}, got {self.convention!r}"
            )
        if len(self.thresholds) != 2 or not 0 < self.thresholds[0] < self.thresholds[1]:
            raise ValueError(
                "thresholds must be two increasing positive numbers of images, "
                f"got {self.thresholds!r}"
            )

    def __str__(self) -> str:
        """Describe the grouping, as it stands beside every result."""
        low, high = self.thresholds
        if self.convention == "lpt":
            return f"lpt: few <= {low} < medium <= {high} < many"
        return f"oltr: few < {low} <= medium <= {high} < many"

    def assign(self, cls_num_list: Sequence[int]) -> np.ndarray:
        """Name the group of each class.

        Args:
            cls_num_list: Training images per class, length C.

        Returns:
            (C,) of ``'many'``, ``'medium'`` and ``'few'``.
        """
        counts = np.asarray(cls_num_list)
        low, high = self.thresholds
        few = counts <= low if self.convention == "lpt" else counts < low
        return np.select([few, counts > high], ["few", "many"], default="medium")


@METRICS.register_module()
class LongTailMetric(BaseMetric):
    """Top-1 accuracy in per cent: overall, by shot group, and the mean over classes.

    The keys are ``long_tail/overall``, ``long_tail/many``, ``long_tail/medium``,
    ``long_tail/few`` and ``long_tail/mean_class``; a group without a test image is left
    out. After an evaluation ``class_accuracy`` holds the accuracy of each class. Where
    the data set has only some of the model's classes and names them in
    ``metainfo['scored_classes']``, the others are no possible prediction.

    Args:
        convention: Which classes count as few-shot, see :class:`ShotGroups`.
        thresholds: Bounds of the shot groups in training images.
        cls_num_list: Training images per class; by default they come with the training
            set or the checkpoint, by ``ClassCountHook``.
        collect_device: Where the results of several processes meet.
        prefix: Prefix of the keys.
    """

    default_prefix = "long_tail"

    def __init__(
        self,
        convention: str = "lpt",
        thresholds: tuple[int, int] = (20, 100),
        cls_num_list: Sequence[int] | None = None,
        collect_device: str = "cpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device, prefix)
        self.shot_groups = ShotGroups(convention, tuple(thresholds))
        self.cls_num_list = cls_num_list
        self.class_accuracy: np.ndarray | None = None

    def process(self, data_batch: Sequence[dict], data_samples: Sequence[dict]) -> None:
        """Keep label and prediction of each image.

        Args:
            data_batch: Not used.
            data_samples: The predictions.
        """
        scored = (self.dataset_meta or {}).get("scored_classes")
        for sample in data_samples:
            prediction = int(sample["pred_label"])
            if scored is not None:
                prediction = scored[int(sample["pred_score"][list(scored)].argmax())]
            self.results.append((int(sample["gt_label"]), prediction))

    def compute_metrics(self, results: list[tuple[int, int]]) -> dict[str, float]:
        """Compute the accuracies over all processes' images.

        Args:
            results: Label and prediction of each image.

        Returns:
            The accuracies in per cent.

        Raises:
            ValueError: If the class counts are unknown or of fewer classes than there
                are labels, or there is no image.
        """
        if self.cls_num_list is None:
            raise ValueError(
                "LongTailMetric does not know the training images per class: the "
                "checkpoint has no meta.cls_num_list; set cls_num_list in the evaluator"
            )
        if not results:
            raise ValueError("LongTailMetric: no image was evaluated, the set is empty")
        label, prediction = np.array(results, dtype=np.int64).T
        for wrong in (label.min(), label.max()):
            if not 0 <= wrong < len(self.cls_num_list):
                raise ValueError(
                    f"label {wrong} of an evaluated image: the class counts are of "
                    f"{len(self.cls_num_list)} classes; evaluate with the classes of "
                    "the training set"
                )
        self.class_accuracy = class_accuracy(label, prediction, len(self.cls_num_list))
        print_log(f"shot groups, {self.shot_groups}", logger="current")
        scored = (self.dataset_meta or {}).get("scored_classes")
        if scored is not None:
            print_log(
                f"scored over {len(scored)} of {len(self.cls_num_list)} classes",
                logger="current",
            )
        return self.calculate(label, prediction, self.cls_num_list, self.shot_groups)

    @staticmethod
    def calculate(
        label: np.ndarray,
        prediction: np.ndarray,
        cls_num_list: Sequence[int],
        shot_groups: ShotGroups,
    ) -> dict[str, float]:
        """Compute the accuracies.

        Args:
            label: (number of images,) class indices.
            prediction: (number of images,) class indices.
            cls_num_list: Training images per class, length C.
            shot_groups: How classes are grouped.

        Returns:
            The accuracies in per cent; groups without an image are left out.
        """
        correct = label == prediction
        group = shot_groups.assign(cls_num_list)[label]
        metrics = {"overall": 100 * float(correct.mean())}
        for name in SHOT_GROUPS:
            if (group == name).any():
                metrics[name] = 100 * float(correct[group == name].mean())
        per_class = class_accuracy(label, prediction, len(cls_num_list))
        metrics["mean_class"] = float(np.nanmean(per_class))
        return metrics


def class_accuracy(
    label: np.ndarray, prediction: np.ndarray, num_classes: int
) -> np.ndarray:
    """Compute the accuracy of each class.

    Args:
        label: (number of images,) class indices.
        prediction: (number of images,) class indices.
        num_classes: Number of classes, C.

    Returns:
        (C,) accuracies in per cent, NaN for a class without an image.
    """
    total = np.bincount(label, minlength=num_classes).astype(np.float64)
    hits = np.bincount(label[label == prediction], minlength=num_classes)
    return 100 * np.divide(
        hits, total, out=np.full(num_classes, np.nan), where=total > 0
    )
