"""Class counts: from the training set to whoever needs them."""

from collections.abc import Iterator

import numpy as np
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import BaseLoop, Runner
from mmpretrain.registry import DATASETS, HOOKS
from torch import nn

from lpt_mm.datasets.labels import gt_labels
from lpt_mm.engine.classifier_of import classifier_of
from lpt_mm.utils.text import list_some
from lpt_mm.weights.errors import WeightFileError


@HOOKS.register_module()
class ClassCountHook(Hook):
    """Hand the training images per class to all that has a ``cls_num_list``.

    Before training they are counted, checked, and handed to the losses and metrics.
    They are saved in the checkpoint's ``meta``, so that testing needs no training set.
    For a checkpoint from elsewhere, without counts, the config's training set is
    counted.
    """

    priority = "HIGH"

    def __init__(self) -> None:
        self.cls_num_list: list[int] | None = None

    def before_train(self, runner: Runner) -> None:
        """Count the training set, check the counts and hand them out.

        Args:
            runner: Runs the training.

        Raises:
            ValueError: If labels or classes do not fit the head, or a class has no
                training image.
        """
        dataset = runner.train_dataloader.dataset
        model = classifier_of(runner.model)
        self.cls_num_list = count_classes(
            gt_labels(dataset), model.head.num_classes, dataset.metainfo.get("classes")
        )
        for owner in self._owners(model, runner.val_loop):
            owner.cls_num_list = self.cls_num_list

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Save the counts with the model."""
        checkpoint["meta"]["cls_num_list"] = self.cls_num_list

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read the counts that were saved with the model.

        Args:
            runner: Loads the checkpoint, to train or to test.
            checkpoint: The checkpoint just read.

        Raises:
            WeightFileError: If there are counts of more or fewer classes than the
                model's.
        """
        counts = checkpoint.get("meta", {}).get("cls_num_list")
        num_classes = classifier_of(runner.model).head.num_classes
        if counts is not None and len(counts) != num_classes:
            raise WeightFileError(
                f"the checkpoint has counts of {len(counts)} classes (cls_num_list), "
                f"and the model {num_classes} classes"
            )
        self.cls_num_list = counts

    def before_val(self, runner: Runner) -> None:
        """Hand out the counts to those that have none."""
        self._fill(runner, runner.val_loop)

    def before_test(self, runner: Runner) -> None:
        """Hand out the counts to those that have none."""
        self._fill(runner, runner.test_loop)

    def _fill(self, runner: Runner, loop: BaseLoop) -> None:
        model = classifier_of(runner.model)
        without = [o for o in self._owners(model, loop) if o.cls_num_list is None]
        if self.cls_num_list is None and any(
            isinstance(owner, BaseMetric) for owner in without
        ):
            self.cls_num_list = _count_training_set(runner.cfg, model)
        for owner in without:
            owner.cls_num_list = self.cls_num_list

    @staticmethod
    def _owners(
        model: nn.Module, loop: BaseLoop | None
    ) -> Iterator[nn.Module | BaseMetric]:
        """Go through the losses, and the loop's metrics, with a ``cls_num_list``."""
        candidates = [*model.modules()]
        if loop is not None:
            candidates += loop.evaluator.metrics
        return (owner for owner in candidates if hasattr(owner, "cls_num_list"))


def _count_training_set(cfg: Config, model: nn.Module) -> list[int] | None:
    if cfg.get("train_dataloader") is None:
        return None
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    print_log("class counts: those of the config's training set", logger="current")
    return count_classes(
        gt_labels(dataset), model.head.num_classes, dataset.metainfo.get("classes")
    )


def count_classes(
    labels: np.ndarray, num_classes: int, class_names: tuple[str, ...] | None = None
) -> list[int]:
    """Count the images of each class and check that training can work with them.

    Args:
        labels: (number of images,) class indices of the training set.
        num_classes: Classes of the head, C.
        class_names: Names of the data set's classes, if it has any.

    Returns:
        Images per class, length C.

    Raises:
        ValueError: If labels or names do not fit ``num_classes``, or a class or the
            whole set has no image.
    """
    if class_names is not None and len(class_names) != num_classes:
        raise ValueError(
            f"the training set has {len(class_names)} classes but the head "
            f"{num_classes}: set num_classes={len(class_names)} in the config"
        )
    if not labels.size:
        raise ValueError("the training set has no image")
    if labels.min() < 0 or labels.max() >= num_classes:
        raise ValueError(
            f"the training set has labels {labels.min()} ... {labels.max()}, but the "
            f"head has num_classes={num_classes}"
        )
    counts = np.bincount(labels, minlength=num_classes).tolist()
    empty = [
        f"{i} ({class_names[i]})" if class_names else str(i)
        for i, count in enumerate(counts)
        if count == 0
    ]
    if empty:
        raise ValueError(
            f"{len(empty)} of {num_classes} classes have no training image: "
            f"{list_some(empty, limit=5)}; add images or take these classes off the "
            "data set"
        )
    return counts
