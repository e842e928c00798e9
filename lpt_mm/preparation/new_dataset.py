"""A data set of one's own: from a folder of class folders to splits."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lpt_mm.data_check.examples import Examples
from lpt_mm.datasets.image_groups import group_images
from lpt_mm.preparation import class_folders
from lpt_mm.preparation.class_folders import ClassFolders
from lpt_mm.preparation.grouped_splits import grouped_split
from lpt_mm.preparation.splits import stratified_split
from lpt_mm.preparation.time_groups import split_by_time
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
    groups: dict[str, str] = field(default_factory=dict)  # by path, if they were wanted

    def classes_without(self, split: str) -> list[str]:
        """Name the classes that have no image in a split."""
        present = {label for _, label in self.splits[split]}
        return [name for i, name in enumerate(self.classes) if i not in present]

    def describe_groups(self) -> str:
        """Say how many groups of images there are in each split."""
        parts = []
        for split, images in self.splits.items():
            own = {self.groups[path] for path, _ in images}
            parts.append(f"{len(own):,} ({len(images):,} images) in {split}")
        return f"groups: {', '.join(parts)}"


def read_folder(
    folder: Path,
    seed: int,
    skip_unreadable: bool = False,
    group_by: str | None = None,
    group_gap: float | None = None,
) -> NewDataset:
    """Find the images of a folder of class folders, and split them.

    Args:
        folder: Folder with a folder per class; or with such a folder for ``train`` and
            perhaps for ``val`` and ``test``. What is not there is split off ``train``:
            a tenth for validation, a fifth for the test.
        seed: Seed of the split.
        skip_unreadable: Whether to read every image, and leave out what is none.
        group_by: What tells the groups of images that stay on one side of a split, as
            of :func:`group_images`.
        group_gap: Seconds between images of a group, or without ``group_by`` of a
            folder, that belong together; images further apart need not.

    Returns:
        The data set. Classes or splits without images, groups that are in two splits
        already, a link that leads round in a circle, and paths that cannot stand in a
        list are refused.
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
    groups = _group(folder, given, group_by) if group_by else {}
    unreadable = Examples()
    if skip_unreadable:
        unreadable = class_folders.drop_unreadable(list(given.values()))
    paths = [path for part in given.values() for path, _ in part.images]
    groups = {path: groups[path] for path in paths} if groups else {}
    if group_gap is not None:
        by_folder = {path: Path(path).parent.as_posix() for path in paths}
        groups = split_by_time(folder, groups or by_folder, group_gap)
    splits = {name: part.images for name, part in given.items()}
    _require_apart(splits, groups)
    splits = _split(splits, classes, seed, groups)
    labels = [label for _, label in splits["train"]]
    counts = np.bincount(labels, minlength=len(classes)).tolist()
    return NewDataset(folder, classes, splits, counts, left_out, unreadable, groups)


def _group(
    folder: Path, given: dict[str, ClassFolders], group_by: str
) -> dict[str, str]:
    """Name the group of each image, by its path in the folder."""
    paths = [path for part in given.values() for path, _ in part.images]
    files = [str(folder / path) for path in paths]
    return dict(zip(paths, group_images(files, group_by, folder), strict=True))


def _require_apart(
    given: dict[str, list[tuple[str, int]]], groups: dict[str, str]
) -> None:
    """Refuse groups that are in two of the splits that are there."""
    split_of: dict[str, str] = {}
    for split, images in given.items():
        for path, _ in images if groups else ():
            first = split_of.setdefault(groups[path], split)
            if first != split:
                raise UserError(
                    f"the group '{printable(groups[path])}' is in {first} and in "
                    f"{split}, whose folders are left as they are: put it into one"
                )


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
    given: dict[str, list[tuple[str, int]]],
    classes: tuple[str, ...],
    seed: int,
    groups: dict[str, str],
) -> dict[str, list[tuple[str, int]]]:
    """Split off ``train`` what is missing; refuse splits and classes without images."""
    train = given.pop("train")
    labels = [label for _, label in train]
    present = set(labels)
    if empty := [name for i, name in enumerate(classes) if i not in present]:
        names = list_some(empty, limit=5)
        raise UserError(f"{len(empty)} classes have no training image: {names}")
    missing = [split for split in SHARES if split not in given]
    shares = [SHARES[split] for split in missing]
    if groups:
        parts = grouped_split(labels, [groups[path] for path, _ in train], shares, seed)
    else:
        parts = stratified_split(labels, shares, seed)
    for split, indices in zip(["train", *missing], parts, strict=True):
        given[split] = [train[i] for i in indices]
    for split, images in given.items():
        if not images:
            few = f"groups ({len(set(groups.values()))})" if groups else "images"
            raise UserError(
                f"there are too few {few} for a {split} set, since every class keeps "
                "training images"
            )
    return given
