"""A data set of one's own: from a folder of class folders to configs."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mmpretrain.registry import DATASETS

from lpt_mm.datasets.split_list import is_listable
from lpt_mm.preparation.stratified_split import stratified_split
from lpt_mm.utils.text import list_some, printable

SPLITS = ("train", "val", "test")
# Of the formats that LoadImage reads; mmpretrain looks for half of them.
EXTENSIONS = (
    *(".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
    *(".pbm", ".pgm", ".ppm", ".jp2", ".avif"),
)
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
    """

    folder: Path
    classes: tuple[str, ...]
    splits: dict[str, list[str]]
    counts: list[int]


def read_folder(folder: Path, seed: int) -> NewDataset:
    """Find the images of a folder of class folders, and split them.

    Args:
        folder: Folder with a folder per class; or with such a folder for ``train`` and
            perhaps for ``val`` and ``test``. What is not there is split off ``train``:
            a tenth for validation, a fifth for the test.
        seed: Seed of the split.

    Returns:
        The data set.

    Raises:
        FileNotFoundError: If there is no such folder.
        OSError: If a folder cannot be read.
        ValueError: If there are fewer than two classes, classes without a training
            image, or other classes in one split than in another; if a link leads round
            in a circle, or a path cannot stand in a list.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder '{printable(folder)}'")
    _refuse_loops(folder)
    names = {path.name for path in folder.iterdir() if path.is_dir()}
    names = {name for name in names if not name.startswith(".")}
    has_splits = "train" in names and names <= set(SPLITS)
    given = {
        split: _list_images(folder, split if has_splits else "")
        for split in (sorted(names) if has_splits else ["train"])
    }
    classes = given["train"][2]
    if len(classes) < 2:
        raise ValueError(
            f"'{printable(folder)}' has {len(classes)} class folder(s), at least 2"
        )
    for split, (_, _, found) in given.items():
        if found != classes:
            wrong = list_some(set(found) ^ set(classes), limit=5)
            raise ValueError(f"{split} has other classes than train: {wrong}")
    paths, labels, _ = given.pop("train")
    missing = [split for split in SHARES if split not in given]
    train, *others = stratified_split(labels, [SHARES[s] for s in missing], seed)
    splits = {split: _lines(*images) for split, (*images, _) in given.items()}
    for split, indices in [("train", train), *zip(missing, others, strict=True)]:
        splits[split] = _lines([paths[i] for i in indices], labels[indices])
    counts = np.bincount(labels[train], minlength=len(classes)).tolist()
    _require_images(splits, counts, classes)
    return NewDataset(folder, classes, splits, counts)


def _refuse_loops(folder: str | Path, above: tuple[str, ...] = ()) -> None:
    """Refuse links to a folder that they lie in, which would be followed for ever."""
    path = os.path.realpath(folder)
    if path in above:
        raise ValueError(
            f"'{printable(folder)}' is a link to a folder that it lies in: remove it"
        )
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                _refuse_loops(entry.path, (*above, path))


def _lines(paths: list[str], labels: np.ndarray) -> list[str]:
    for path in paths:
        if not is_listable(path):
            raise ValueError(f"a list cannot hold the path {path!r}: rename it")
    return [f"{path} {label}" for path, label in zip(paths, labels, strict=True)]


def _require_images(
    splits: dict[str, list[str]], counts: list[int], classes: tuple[str, ...]
) -> None:
    """Refuse empty splits and classes."""
    empty = [name for name, n in zip(classes, counts, strict=True) if n == 0]
    if empty:
        raise ValueError(
            f"{len(empty)} classes have no training image: {list_some(empty, limit=5)}"
        )
    for split, lines in splits.items():
        if not lines:
            raise ValueError(f"there are too few images for a {split} set")


def _list_images(
    folder: Path, split: str
) -> tuple[list[str], np.ndarray, tuple[str, ...]]:
    """List images, labels and classes of a folder of class folders, but hidden ones."""
    dataset = DATASETS.build(
        dict(
            type="CustomDataset",
            data_prefix=str(folder / split),
            extensions=EXTENSIONS,
            pipeline=[],
        )
    )
    classes = np.array(dataset.metainfo["classes"], dtype=object)
    visible = np.array([not name.startswith(".") for name in classes], dtype=bool)
    new_label = np.cumsum(visible) - 1
    paths, labels = [], []
    for i in range(len(dataset)):
        info = dataset.get_data_info(i)
        path = Path(info["img_path"]).relative_to(folder)
        if not any(part.startswith(".") for part in path.parts):
            paths.append(path.as_posix())
            labels.append(new_label[info["gt_label"]])
    return paths, np.array(labels, dtype=np.int64), tuple(classes[visible])


def choose_thresholds(counts: list[int]) -> tuple[int, int]:
    """Choose the bounds of the shot groups.

    Args:
        counts: Training images per class.

    Returns:
        (20, 100) if that makes three groups (``'lpt'``), or if there are no three
        different counts; else bounds that put about a third of the classes into each.
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
    """Choose the images of each stream per step.

    Args:
        num_images: Training images.

    Returns:
        64, or less so that an epoch has at least four steps.
    """
    batch_size = 64
    while batch_size > 4 and batch_size * 4 > num_images:
        batch_size //= 2
    return batch_size


def choose_epochs(num_images: int, batch_size: int) -> int:
    """Choose the epochs.

    Args:
        num_images: Training images.
        batch_size: Images of each stream per step.

    Returns:
        40, or more where that is fewer than 2,000 steps; at most 200.
    """
    steps = -(-num_images // batch_size)
    return min(max(40, -(-MIN_STEPS // steps)), MAX_EPOCHS)
