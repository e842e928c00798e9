"""A data set of one's own: from a folder of class folders to splits."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lpt_mm.data_check.examples import Examples
from lpt_mm.preparation import class_folders
from lpt_mm.preparation.class_folders import ClassFolders
from lpt_mm.preparation.splits import stratified_split
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import list_some, printable

SPLITS = ("train", "val", "test")
SHARES = dict(val=0.1, test=0.2)


@dataclass(frozen=True)
class NewDataset:
    """Images of a folder, split."""

    folder: Path
    classes: tuple[str, ...]  # names in the order of the labels
    splits: dict[str, list[tuple[str, int]]]  # paths in the folder, and labels
    counts: list[int]  # training images per class, length C
    left_out: Counter[str]  # files of other kinds, by ending
    unreadable: Examples  # images that are in no split, either


def read_folder(folder: Path, seed: int, skip_unreadable: bool = False) -> NewDataset:
    """Find the images of a folder of class folders, and split them.

    Args:
        folder: Folder with a folder per class; or with such a folder for ``train`` and
            perhaps for ``val`` and ``test``. What is not there is split off ``train``:
            a tenth for validation, a fifth for the test.
        seed: Seed of the split.
        skip_unreadable: Whether to read every image, and leave out what is none.

    Returns:
        The data set. Classes or splits without images, a link that leads round in a
        circle, and paths that cannot stand in a list are refused.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder '{printable(folder)}'")
    class_folders.refuse_loops(folder)
    names = class_folders.visible_folders(folder)
    if "train" in names and set(names) <= set(SPLITS):
        given = {split: class_folders.read(folder, split) for split in names}
    else:
        given = {"train": class_folders.read(folder)}
    classes = given["train"].classes
    _require_classes(folder, given)
    left_out = sum((part.left_out for part in given.values()), Counter())
    unreadable = Examples()
    if skip_unreadable:
        unreadable = class_folders.drop_unreadable(list(given.values()))
    splits = _split({name: part.images for name, part in given.items()}, classes, seed)
    labels = [label for _, label in splits["train"]]
    counts = np.bincount(labels, minlength=len(classes)).tolist()
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


def _split(
    given: dict[str, list[tuple[str, int]]], classes: tuple[str, ...], seed: int
) -> dict[str, list[tuple[str, int]]]:
    """Split off ``train`` what is missing; refuse splits and classes without images."""
    train = given.pop("train")
    labels = [label for _, label in train]
    present = set(labels)
    if empty := [name for i, name in enumerate(classes) if i not in present]:
        names = list_some(empty, limit=5)
        raise UserError(f"{len(empty)} classes have no training image: {names}")
    missing = [split for split in SHARES if split not in given]
    parts = stratified_split(labels, [SHARES[split] for split in missing], seed)
    for split, indices in zip(["train", *missing], parts, strict=True):
        given[split] = [train[i] for i in indices]
    for split, images in given.items():
        if not images:
            raise UserError(f"there are too few images for a {split} set")
    return given
