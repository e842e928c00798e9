"""Checks of the data before the first step or test, and a count after each epoch."""

from mmengine.dataset import BaseDataset
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from lpt_mm.datasets.labels import gt_labels
from lpt_mm.datasets.transforms.image_file import is_url
from lpt_mm.engine.classifier_of import classifier_of
from lpt_mm.utils.files import has_content
from lpt_mm.utils.text import list_some


@HOOKS.register_module()
class DataCheckHook(Hook):
    """Refuse data that would fail late or be scored wrongly.

    Image files must exist and not be empty; whether they can be decoded shows when
    they are read. No two classes may have one name. Validation and test sets must have
    the labels of the head and the classes of the training set, in its order; a
    checkpoint knows them. Images that could not be read are counted after each epoch.
    """

    def __init__(self) -> None:
        self.class_names: tuple[str, ...] | None = None

    def before_train(self, runner: Runner) -> None:
        """Check the training and the validation set.

        Args:
            runner: Runs the training.

        Raises:
            ValueError: If a file is missing or empty, or classes do not fit.
        """
        dataset = runner.train_dataloader.dataset
        self.class_names = dataset.metainfo.get("classes")
        check_names(self.class_names)
        check_files(dataset)
        if runner.val_loop is not None:
            self._check_evaluation_set(runner, runner.val_dataloader.dataset)

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
        """Check the test set.

        Args:
            runner: Runs the test.

        Raises:
            ValueError: If a file is missing or empty, or classes do not fit.
        """
        self._check_evaluation_set(runner, runner.test_dataloader.dataset)

    def _check_evaluation_set(self, runner: Runner, dataset: BaseDataset) -> None:
        check_files(dataset)
        num_classes = classifier_of(runner.model).head.num_classes
        check_classes(dataset, num_classes, self.class_names)


def check_names(names: tuple[str, ...] | None) -> None:
    """Refuse classes of the same name.

    Args:
        names: Names of the classes, if they have any.

    Raises:
        ValueError: If two of them have the same.
    """
    seen: dict[str, int] = {}
    for i, name in enumerate(names or ()):
        if name in seen:
            raise ValueError(f"classes {seen[name]} and {i} are both called {name!r}")
        seen[name] = i


def check_files(dataset: BaseDataset) -> None:
    """Look whether all image files are there and have content.

    Args:
        dataset: Any data set; images without ``img_path`` are not looked at.

    Raises:
        ValueError: If a file is missing or empty, or is a URL, which is never fetched;
            it names the first few.
    """
    urls, bad = [], []
    for i in range(len(dataset)):
        path = dataset.get_data_info(i).get("img_path")
        if path is not None and is_url(path):
            urls.append(path)
        elif path is not None and not has_content(path):
            bad.append(path)
    if urls:
        raise ValueError(
            f"{len(urls)} of {len(dataset)} images are URLs, and only local files are "
            f"read: {list_some(urls, limit=5)}; download them and list their paths"
        )
    if bad:
        raise ValueError(
            f"{len(bad)} of {len(dataset)} image files are missing or empty: "
            f"{list_some(bad, limit=5)}; check data_root, or take them off the list"
        )


def check_classes(
    dataset: BaseDataset, num_classes: int, class_names: tuple[str, ...] | None
) -> None:
    """Look whether an evaluation set has the classes that the model was trained on.

    Args:
        dataset: The validation or test set.
        num_classes: Classes of the head, C.
        class_names: Names of the training set's classes, if it has any.

    Raises:
        ValueError: If names differ or a label is out of range.
    """
    names = dataset.metainfo.get("classes")
    # Where only the last classes are missing, the labels of the others are right.
    if names and class_names and tuple(names) != tuple(class_names)[: len(names)]:
        wrong = set(names) ^ set(class_names)
        raise ValueError(
            "the validation or test set has other classes than the training set: "
            f"{list_some(wrong) if wrong else 'another order'}; where folders are "
            "classes, every split needs the same ones, if need be empty"
        )
    labels = gt_labels(dataset)
    if labels.size and (labels.min() < 0 or labels.max() >= num_classes):
        raise ValueError(
            f"the validation or test set has labels {labels.min()} ... {labels.max()}, "
            f"but the model has num_classes={num_classes}"
        )
