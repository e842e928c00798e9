"""Checks of files and classes before a run, and a count of unreadable files."""

from logging import WARNING

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch.utils.data import Dataset

from lpt_mm.data_check.findings import class_findings, refuse_errors
from lpt_mm.data_check.split_scan import scan_labels
from lpt_mm.datasets.transforms.image_file import is_url
from lpt_mm.engine.runner_state import classifier_of, training_is_ahead
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.files import has_content
from lpt_mm.utils.text import list_some


@HOOKS.register_module()
class DataCheckHook(Hook):
    """Refuse data that would fail late or be scored wrongly.

    Image files must be local, exist and not be empty. Validation and test sets must
    have images, labels of the head and the classes of the training set, in its order; a
    checkpoint knows them. Images that could not be read are named after an epoch.
    ``ClassCountHook`` checks labels and classes of the training set.
    """

    def __init__(self) -> None:
        self.class_names: tuple[str, ...] | None = None

    def before_run(self, runner: Runner) -> None:
        """Check the training and the validation set."""
        if not training_is_ahead(runner):
            return
        dataset = runner.train_dataloader.dataset
        require_files(dataset)
        if runner.val_loop is not None:
            _check_split(runner, "val", dataset.metainfo.get("classes"))

    def before_train(self, runner: Runner) -> None:
        """Keep the class names, for a test after the training."""
        self.class_names = runner.train_dataloader.dataset.metainfo.get("classes")

    def after_train_epoch(self, runner: Runner) -> None:
        """Log how many images could not be read, where some may be unreadable."""
        dataset = runner.train_dataloader.dataset
        files = dataset.unreadable() if hasattr(dataset, "unreadable") else []
        if files:
            runner.logger.warning(
                f"{len(files)} of {len(dataset)} training images could not be read: "
                f"{list_some(files, limit=5)}"
            )

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read the class names that were saved with the model."""
        meta = checkpoint.get("meta", {}).get("dataset_meta") or {}
        self.class_names = meta.get("classes")

    def before_test(self, runner: Runner) -> None:
        """Check the test set."""
        _check_split(runner, "test", self.class_names)


def _check_split(runner: Runner, split: str, class_names: tuple | None) -> None:
    dataset = getattr(runner, f"{split}_dataloader").dataset
    require_files(dataset)
    num_classes = classifier_of(runner.model).head.num_classes
    require_classes(split, dataset, num_classes, class_names)


def require_files(dataset: Dataset) -> None:
    """Refuse image files that are missing or empty, and URLs, without fetching them."""
    infos = (dataset.get_data_info(i) for i in range(len(dataset)))
    paths = [info["img_path"] for info in infos if info.get("img_path") is not None]
    if urls := [path for path in paths if is_url(path)]:
        raise UserError(
            f"{len(urls)} of {len(dataset)} images are URLs, and only local files are "
            f"read: {list_some(urls, limit=5)}; download them and list their paths"
        )
    if bad := [path for path in paths if not has_content(path)]:
        raise UserError(
            f"{len(bad)} of {len(dataset)} image files are missing or empty: "
            f"{list_some(bad, limit=5)}; check data_root, or take them off the list"
        )


def require_classes(
    split: str,
    dataset: Dataset,
    num_classes: int,
    class_names: tuple[str, ...] | None,
) -> None:
    """Refuse a set of other classes than those of training, and warn of a tiny one."""
    scan = scan_labels(dataset, num_classes)
    names = class_names or scan.class_names
    findings = [*class_findings({split: scan}, num_classes, names and tuple(names))]
    refuse_errors(findings)
    for finding in findings:
        print_log(finding.message, "current", WARNING)
