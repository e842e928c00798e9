"""Accuracy, F1 and calibration where the classes have few or many training images."""

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmpretrain.registry import METRICS
from torch import Tensor

from lpt_mm.evaluation.metrics.bootstrap import bootstrap_intervals
from lpt_mm.evaluation.metrics.calibration import expected_calibration_error
from lpt_mm.evaluation.metrics.class_metrics import ClassMetrics
from lpt_mm.evaluation.metrics.shot_confusion import count_shot_confusion
from lpt_mm.evaluation.metrics.shot_groups import SHOT_GROUPS, ShotGroups
from lpt_mm.utils.errors import UserError

UNKNOWN = -1  # in place of a prediction


@METRICS.register_module()
class LongTailMetric(BaseMetric):
    """How well a model does overall, by shot group and over the classes, in per cent.

    - Top-1 accuracy: ``long_tail/overall``, ``many``, ``medium`` and ``few``.
    - Over the classes: ``mean_class`` (accuracy), ``macro_f1``, ``worst_class``,
      ``harmonic_mean`` and ``geometric_mean``, see :meth:`ClassMetrics.average`.
    - Expected calibration error: ``ece``, ``ece_many``, ``ece_medium``, ``ece_few``, by
      the largest score, see :func:`expected_calibration_error`; left out where an image
      comes without ``pred_score``.

    Classes and groups without a test image are left out. After an evaluation
    ``class_metrics`` and ``shot_confusion`` hold the numbers of each class and how the
    groups are confused, and ``predictions`` label, prediction and confidence of the
    images. Where the data set has only some of the model's classes and names them in
    ``metainfo['scored_classes']``, the others are no possible prediction, and the
    scores are those among the classes named.

    Args:
        convention: Which classes count as few-shot, see :class:`ShotGroups`.
        thresholds: Bounds of the shot groups in training images.
        cls_num_list: Training images per class; by default they come with the training
            set or the checkpoint, by ``ClassCountHook``.
        bootstrap: Test sets drawn for the intervals of :meth:`intervals`; 0 for none.
        collect_device: How the results of several processes meet: ``'gpu'``, through
            the process group, also without a GPU; ``'cpu'``, through files in the
            current folder, which all machines must share.
        prefix: Prefix of the keys.

    Raises:
        UserError: If the shot groups are impossible or ``bootstrap`` is negative.
    """

    default_prefix = "long_tail"

    def __init__(
        self,
        convention: str = "lpt",
        thresholds: tuple[int, int] = (20, 100),
        cls_num_list: Sequence[int] | None = None,
        bootstrap: int = 1000,
        collect_device: str = "gpu",
        prefix: str | None = None,
    ) -> None:
        super().__init__(collect_device, prefix)
        if bootstrap < 0:
            raise UserError(
                "bootstrap must be a number of test sets to draw, or 0 for no "
                f"intervals, got {bootstrap}"
            )
        self.shot_groups = ShotGroups(convention, tuple(thresholds))
        self.cls_num_list = cls_num_list
        self.bootstrap = bootstrap
        self.class_metrics: ClassMetrics | None = None
        self.shot_confusion: dict[str, list] | None = None
        self.predictions: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def process(self, data_batch: Sequence[dict], data_samples: Sequence[dict]) -> None:
        """Keep label, prediction and confidence of each image."""
        if self.cls_num_list is None:
            raise UserError(
                "LongTailMetric does not know the training images per class: the "
                "checkpoint has no meta.cls_num_list; set cls_num_list in the evaluator"
            )
        scored = (self.dataset_meta or {}).get("scored_classes")
        for sample in data_samples:
            self.results.append((int(sample["gt_label"]), *_predict(sample, scored)))

    def compute_metrics(
        self, results: list[tuple[int, int, float]]
    ) -> dict[str, float]:
        """Compute the metrics in per cent, over all processes' images.

        Args:
            results: Label, prediction and confidence of each image; the confidence is
                NaN where there is no score.

        Returns:
            The metrics by key.

        Raises:
            UserError: If the class counts are unknown or of fewer classes than there
                are labels or predictions, there is no image, or one has scores that
                are NaN or infinite.
        """
        if not results:
            raise UserError("LongTailMetric: no image was evaluated, the set is empty")
        num_classes = len(self.cls_num_list)
        label, prediction, confidence = map(np.array, zip(*results, strict=True))
        if broken := int((prediction == UNKNOWN).sum()):
            raise UserError(
                f"the scores of {broken} of {len(results)} images are no finite "
                "numbers, and classify nothing: test an earlier checkpoint, or without "
                "--amp and model.backbone.frozen_dtype"
            )
        for what, classes in (("label", label), ("prediction", prediction)):
            for wrong in (classes.min(), classes.max()):
                if not 0 <= wrong < num_classes:
                    raise UserError(
                        f"{what} {wrong} of an evaluated image: the class counts are "
                        f"of {num_classes} classes; evaluate with the classes of the "
                        "training set"
                    )
        self._say_how()
        self.predictions = label, prediction, confidence
        groups = self.shot_groups.assign(self.cls_num_list)
        self.class_metrics = ClassMetrics.count(label, prediction, num_classes)
        self.shot_confusion = count_shot_confusion(label, prediction, groups)
        metrics = self.calculate(label, prediction, self.cls_num_list, self.shot_groups)
        metrics |= self.class_metrics.average()
        if not np.isnan(confidence).any():
            metrics |= _calibration(confidence, label == prediction, groups[label])
        return metrics

    def _say_how(self) -> None:
        print_log(f"shot groups, {self.shot_groups}", logger="current")
        scored = (self.dataset_meta or {}).get("scored_classes")
        if scored is not None:
            print_log(
                f"scored over {len(scored)} of {len(self.cls_num_list)} classes",
                logger="current",
            )

    def intervals(self) -> dict[str, list[float]]:
        """Compute the bootstrap intervals of the last evaluation; they are no metrics.

        Lower and upper bound of 95 % of each accuracy, see :func:`bootstrap_intervals`;
        nothing if ``bootstrap`` is 0.
        """
        if not self.bootstrap:
            return {}
        groups = self.shot_groups.assign(self.cls_num_list)
        return bootstrap_intervals(self.class_metrics, groups, self.bootstrap)

    @staticmethod
    def calculate(
        label: np.ndarray,
        prediction: np.ndarray,
        cls_num_list: Sequence[int],
        shot_groups: ShotGroups,
    ) -> dict[str, float]:
        """Compute the accuracies in per cent; groups without an image are left out.

        Args:
            label: (number of images,) class indices.
            prediction: (number of images,) class indices.
            cls_num_list: Training images per class, length C.
            shot_groups: How classes are grouped.

        Returns:
            The accuracies by key.
        """
        correct = label == prediction
        group = shot_groups.assign(cls_num_list)[label]
        metrics = {"overall": 100 * float(correct.mean())}
        for name in SHOT_GROUPS:
            if (group == name).any():
                metrics[name] = 100 * float(correct[group == name].mean())
        classes = ClassMetrics.count(label, prediction, len(cls_num_list))
        metrics["mean_class"] = float(np.nanmean(classes.accuracy))
        return metrics


def _predict(sample: dict, scored: Sequence[int] | None) -> tuple[int, float]:
    """Give class and confidence of an image, among the classes that are scored."""
    score = sample.get("pred_score")
    if score is None:
        if scored is not None:
            raise UserError(
                "LongTailMetric scores over some of the classes only, and needs the "
                "pred_score of each image"
            )
        return int(sample["pred_label"]), np.nan
    if not score.isfinite().all():  # their largest one would be class 0
        return UNKNOWN, np.nan
    if scored is not None:
        score = score[list(scored)]
        return scored[int(score.argmax())], _confidence(score)
    # mmpretrain's test-time augmentation gives scores alone.
    prediction = sample.get("pred_label", score.argmax())
    return int(prediction), _confidence(score)


def _confidence(score: Tensor) -> float:
    """Compute the share of the largest score; of scores that are all 0, 1 / C."""
    total = float(score.sum())
    return float(score.max()) / total if total > 0 else 1 / len(score)


def _calibration(
    confidence: np.ndarray, correct: np.ndarray, group: np.ndarray
) -> dict[str, float]:
    """Compute the expected calibration error of all images and of each group."""
    errors = {"ece": expected_calibration_error(confidence, correct)}
    for name in SHOT_GROUPS:
        if (chosen := group == name).any():
            errors[f"ece_{name}"] = expected_calibration_error(
                confidence[chosen], correct[chosen]
            )
    return errors
