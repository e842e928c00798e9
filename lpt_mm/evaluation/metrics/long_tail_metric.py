"""Accuracy, F1 and calibration where the classes have few or many training images."""

from collections.abc import Mapping, Sequence

import numpy as np
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmpretrain.registry import METRICS
from torch import Tensor

from lpt_mm.evaluation.metrics.bootstrap import bootstrap_intervals
from lpt_mm.evaluation.metrics.calibration import expected_calibration_error
from lpt_mm.evaluation.metrics.class_metrics import ClassMetrics
from lpt_mm.evaluation.metrics.shot_groups import (
    ShotGroups,
    count_shot_confusion,
    places_of_groups,
)
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
            self.results.append(
                (int(sample["gt_label"]), *read_prediction(sample, scored))
            )

    def compute_metrics(self, results: list[tuple[int, int, float]]) -> dict:
        """Compute the metrics of what :meth:`process` kept, in all processes."""
        if not results:
            raise UserError("LongTailMetric: no image was evaluated, the set is empty")
        label, prediction, confidence = map(np.array, zip(*results, strict=True))
        self._require_known(label, prediction)
        self.predictions = label, prediction, confidence
        scored = (self.dataset_meta or {}).get("scored_classes")
        print_log(f"shot groups, {self.shot_groups}", logger="current")
        if scored is not None:
            how = f"scored over {len(scored)} of {len(self.cls_num_list)} classes"
            print_log(how, logger="current")
        groups = self.shot_groups.assign(self.cls_num_list)
        num_classes = len(self.cls_num_list)
        self.class_metrics = ClassMetrics.count(label, prediction, num_classes)
        self.shot_confusion = count_shot_confusion(label, prediction, groups)
        metrics = self.class_metrics.accuracies(groups) | self.class_metrics.average()
        if not np.isnan(confidence).any():
            correct, group = label == prediction, groups[label]
            metrics["ece"] = expected_calibration_error(confidence, correct)
            for name, own in places_of_groups(group).items():
                error = expected_calibration_error(confidence[own], correct[own])
                metrics[f"ece_{name}"] = error
        return metrics

    def _require_known(self, label: np.ndarray, prediction: np.ndarray) -> None:
        """Refuse scores that are no finite numbers, and classes without counts."""
        if broken := int((prediction == UNKNOWN).sum()):
            raise UserError(
                f"the scores of {broken} of {len(label)} images are no finite "
                "numbers, and classify nothing: test an earlier checkpoint, or without "
                "--amp and model.backbone.frozen_dtype"
            )
        num_classes = len(self.cls_num_list)
        for what, classes in (("label", label), ("prediction", prediction)):
            for wrong in (classes.min(), classes.max()):
                if not 0 <= wrong < num_classes:
                    raise UserError(
                        f"{what} {wrong} of an evaluated image: the class counts are "
                        f"of {num_classes} classes; evaluate with the classes of the "
                        "training set"
                    )

    def intervals(self) -> dict[str, list[float]]:
        """Compute the :func:`bootstrap_intervals` of the last evaluation, if wanted."""
        if not self.bootstrap:
            return {}
        groups = self.shot_groups.assign(self.cls_num_list)
        return bootstrap_intervals(self.class_metrics, groups, self.bootstrap)


def read_prediction(sample: dict, scored: Sequence[int] | None) -> tuple[int, float]:
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


def shot_groups_of(cfg: Config) -> ShotGroups:
    """Read the shot groups off the first ``LongTailMetric``, else the default ones."""
    for name in ("val_evaluator", "test_evaluator"):
        metrics = cfg.get(name) or []
        for metric in [metrics] if isinstance(metrics, Mapping) else metrics:
            if metric.get("type") in ("LongTailMetric", LongTailMetric):
                return ShotGroups(
                    metric.get("convention", "lpt"),
                    tuple(metric.get("thresholds", (20, 100))),
                )
    return ShotGroups()
