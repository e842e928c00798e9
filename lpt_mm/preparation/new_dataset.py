"""A data set of one's own: from a folder of class folders to splits and settings."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lpt_mm.data_check.examples import Examples
from lpt_mm.preparation import class_folders
from lpt_mm.preparation.class_folders import ClassFolders
from lpt_mm.preparation.readable import without_unreadable
from lpt_mm.preparation.stratified_split import stratified_split
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import list_some, printable

SPLITS = ("train", "val", "test")
SHARES = dict(val=0.1, test=0.2)
# So many steps are worth their time on a small data set.
MIN_STEPS = 2000
MAX_EPOCHS = 200


@dataclass(frozen=True)
class NewDataset:
    """Images of a folder, split.

    Args:
        folder: The folder.
        classes: Names of the classes, in the order of the labels.
        splits: For each of train, val and test the lines ``path label``, with paths
            relative to the folder.
        counts: Training images per class, length C.
        left_out: How many files of which ending are in no list.
        unreadable: The images that are in no list since they cannot be read.
    """

    folder: Path
    classes: tuple[str, ...]
    splits: dict[str, list[str]]
    counts: list[int]
    left_out: Counter[str] = field(default_factory=Counter)
    unreadable: Examples = field(default_factory=Examples)


def read_folder(folder: Path, seed: int, skip_unreadable: bool = False) -> NewDataset:
    """Find the images of a folder of class folders, and split them.

    Args:
        folder: Folder with a folder per class; or with such a folder for ``train`` and
            perhaps for ``val`` and ``test``. What is not there is split off ``train``:
            a tenth for validation, a fifth for the test.
        seed: Seed of the split.
        skip_unreadable: Whether to read every image, and leave out what is none.

    Returns:
        The data set.

    Raises:
        FileNotFoundError: If there is no such folder.
        OSError: If a folder cannot be read.
        UserError: If there are fewer than two classes, classes without a training
            image, or other classes in one split than in another; if a split would be
            empty, a link leads round in a circle, or a path cannot stand in a list.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder '{printable(folder)}'")
    class_folders.refuse_loops(folder)
    names = set(class_folders.visible_folders(folder))
    has_splits = "train" in names and names <= set(SPLITS)
    given = {
        split: class_folders.read(folder, split if has_splits else "")
        for split in (sorted(names) if has_splits else ["train"])
    }
    classes = given["train"].classes
    _require_classes(folder, given)
    left_out = sum((part.left_out for part in given.values()), Counter())
    unreadable = Examples()
    if skip_unreadable:
        unreadable = without_unreadable(folder, given.values())
    train = given.pop("train")
    missing = [split for split in SHARES if split not in given]
    labels = np.array(train.labels, dtype=np.int64)
    rest, *others = stratified_split(labels, [SHARES[s] for s in missing], seed)
    splits = {s: _lines(part, range(len(part.paths))) for s, part in given.items()}
    for split, indices in zip(["train", *missing], [rest, *others], strict=True):
        splits[split] = _lines(train, indices)
    counts = np.bincount(labels[rest], minlength=len(classes)).tolist()
    _require_images(splits, counts, classes)
    return NewDataset(folder, classes, splits, counts, left_out, unreadable)


def _require_classes(folder: Path, given: dict[str, ClassFolders]) -> None:
    """Refuse fewer than two classes, and other ones in other splits."""
    classes = given["train"].classes
    if len(classes) < 2:
        raise UserError(
            f"'{printable(folder)}' has {len(classes)} class folder(s), at least 2"
        )
    for split, part in given.items():
        if part.classes != classes:
            wrong = list_some(set(part.classes) ^ set(classes), limit=5)
            raise UserError(f"{split} has other classes than train: {wrong}")


def _require_images(
    splits: dict[str, list[str]], counts: list[int], classes: tuple[str, ...]
) -> None:
    """Refuse empty splits and classes."""
    empty = [name for name, n in zip(classes, counts, strict=True) if n == 0]
    if empty:
        names = list_some(empty, limit=5)
        raise UserError(f"{len(empty)} classes have no training image: {names}")
    for split, lines in splits.items():
        if not lines:
            raise UserError(f"there are too few images for a {split} set")


def _lines(images: ClassFolders, indices: Sequence[int]) -> list[str]:
    return [f"{images.paths[i]} {images.labels[i]}" for i in indices]


def choose_thresholds(counts: list[int]) -> tuple[int, int]:
    """Choose the bounds of the shot groups by the training images per class.

    They are (20, 100) if that makes three groups (``'lpt'``), or if there are no three
    different counts; else about a third of the classes goes into each.
    """
    ordered = sorted(counts)
    if len(set(ordered)) < 3:
        return 20, 100
    if ordered[0] <= 20 and ordered[-1] > 100 and any(20 < n <= 100 for n in ordered):
        return 20, 100
    low = ordered[max(len(ordered) // 3 - 1, 0)]
    high = ordered[max(2 * len(ordered) // 3 - 1, 0)]
    return low, max(high, low + 1)


def choose_batch_size(num_images: int) -> int:
    """Choose the images of each stream: 64, or less, for four steps in an epoch."""
    batch_size = 64
    while batch_size > 4 and batch_size * 4 > num_images:
        batch_size //= 2
    return batch_size


def choose_epochs(num_images: int, batch_size: int) -> int:
    """Choose the epochs: 40, or more for 2,000 steps, but at most 200."""
    steps = -(-num_images // batch_size)
    return min(max(40, -(-MIN_STEPS // steps)), MAX_EPOCHS)
