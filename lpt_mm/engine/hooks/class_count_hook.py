"""Class counts: from the training set to whoever needs them."""

from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner
from mmpretrain.registry import DATASETS, HOOKS
from torch.utils.data import Dataset

from lpt_mm.data_check.findings import class_findings, count_findings, refuse_errors
from lpt_mm.data_check.split_scan import scan_labels
from lpt_mm.engine.runner_state import classifier_of, training_is_ahead
from lpt_mm.evaluation.metrics import ShotGroups
from lpt_mm.weights.errors import WeightFileError


@HOOKS.register_module()
class ClassCountHook(Hook):
    """Hand the training images per class to all that has a ``cls_num_list``.

    A training counts and checks them before it reads any weights. They are saved in
    the checkpoint's ``meta``, so that testing needs no training set. For a checkpoint
    without counts, the config's training set is counted.
    """

    priority = "HIGH"

    def __init__(self) -> None:
        self.cls_num_list: list[int] | None = None
        self._counted: list[int] | None = None

    def before_run(self, runner: Runner) -> None:
        """Count the training set, and check the counts."""
        if not training_is_ahead(runner):
            return
        num_classes = classifier_of(runner.model).head.num_classes
        self._counted = count_classes(runner.train_dataloader.dataset, num_classes)
        runner.logger.info(
            f"training set: {sum(self._counted):,} images of {num_classes:,} classes, "
            f"{max(self._counted):,} to {min(self._counted):,} per class"
        )

    def before_train(self, runner: Runner) -> None:
        """Hand out the counts of the training set, whatever a checkpoint has."""
        self.cls_num_list = self._counted
        for owner in _owners(runner, runner.val_loop):
            owner.cls_num_list = self.cls_num_list

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Save the counts with the model."""
        checkpoint["meta"]["cls_num_list"] = self.cls_num_list

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read the counts that were saved with the model."""
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
        without = [x for x in _owners(runner, loop) if x.cls_num_list is None]
        is_needed = any(isinstance(owner, BaseMetric) for owner in without)
        is_lacking = is_needed and self.cls_num_list is None
        if is_lacking and (loader := runner.cfg.get("train_dataloader")) is not None:
            dataset = DATASETS.build(loader.dataset)
            runner.logger.info("class counts: those of the config's training set")
            num_classes = classifier_of(runner.model).head.num_classes
            self.cls_num_list = count_classes(dataset, num_classes)
        for owner in without:
            owner.cls_num_list = self.cls_num_list


def _owners(runner: Runner, loop: BaseLoop | None) -> list:
    """Find the losses, and the metrics of a loop, with a ``cls_num_list``."""
    metrics = [] if loop is None else loop.evaluator.metrics
    candidates = [*classifier_of(runner.model).modules(), *metrics]
    return [owner for owner in candidates if hasattr(owner, "cls_num_list")]


def count_classes(dataset: Dataset, num_classes: int) -> list[int]:
    """Count the training images of each class, and refuse what cannot be trained."""
    scans = {"train": scan_labels(dataset, num_classes)}
    refuse_errors(class_findings(scans, num_classes))
    names = [str(x) for x in scans["train"].class_names or range(num_classes)]
    refuse_errors(count_findings(scans, names, ShotGroups().thresholds))
    return scans["train"].counts.tolist()
