"""Lists of a cross-validation, written from images in a folder per class."""

import os
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from lpt_mm.datasets.long_tailed_subset import long_tailed_counts
from lpt_mm.preparation import class_folders
from lpt_mm.preparation.benchmarks import FoldLists, PartState
from lpt_mm.preparation.class_folders import ClassFolders
from lpt_mm.preparation.images import how_to_get
from lpt_mm.preparation.new_dataset import SPLITS
from lpt_mm.preparation.splits import LEAST, NUM_FOLDS, fold_splits
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import new_file
from lpt_mm.utils.text import list_some

SEED = 0
NAMED = 5  # lists and classes that are named


def state_of_folds(folds: FoldLists, root: Path) -> PartState:
    """Write the lists of all folds from the images, or compare those that exist."""
    item = f"lists of {NUM_FOLDS} folds"
    if not (root / folds.folder).is_dir():
        state = f"not written: there is no folder '{root / folds.folder}'"
        return PartState(item, state, how_to_get(folds.archive, root))
    try:
        class_folders.refuse_loops(root / folds.folder)
        found = class_folders.read(root, folds.folder, folds.left_out)
        texts = make_lists(found, folds.most, folds.imbalance_ratio)
        kept = [name for name in texts if os.path.lexists(root / name)]
        others = [name for name in kept if not _has_text(root / name, texts[name])]
        if others:
            named = list_some(others, NAMED)
            state = f"not those of the images that are there: {named}; left as they are"
            todo = f"move '{root}/fold_*' away if you do not want them"
            return PartState(item, state, f"{todo}, then run this again")
        for name in texts.keys() - kept:
            with new_file(root / name) as file:
                file.write_bytes(texts[name])
    except (OSError, UserError) as error:
        return PartState(item, str(error), how_to_get(folds.archive, root))
    how = "there" if len(kept) == len(texts) else "written"
    return PartState(item, f"{how}; {_compare(folds, found, texts)}")


def make_lists(
    found: ClassFolders, most: int | None = None, imbalance_ratio: float | None = None
) -> dict[str, bytes]:
    """Make the lists of all folds, by the names of their files.

    Args:
        found: The images.
        most: Training images of the most frequent class, to make the training set of
            each fold long-tailed; by default it stays as it is.
        imbalance_ratio: Images of the most frequent class over those of the rarest.

    Returns:
        The content of each file.

    Raises:
        UserError: If a class has too few images.
    """
    labels = [label for _, label in found.images]
    available = np.bincount(labels, minlength=len(found.classes))
    too_few = [found.classes[i] for i in np.flatnonzero(available < LEAST)]
    if too_few or not found.classes:
        raise UserError(
            f"classes need at least {LEAST} images to be split, fewer have "
            f"{list_some(too_few, NAMED) or 'all'}"
        )
    profile = None if most is None else _long_tail(available, most, imbalance_ratio)
    lines = [f"{path} {label}\n".encode() for path, label in found.images]
    return {
        f"fold_{i}/{split}.txt": b"".join(lines[index] for index in indices)
        for i, fold in enumerate(fold_splits(labels, SEED, profile))
        for split, indices in fold.items()
    }


def _long_tail(
    available: Sequence[int], most: int, imbalance_ratio: float
) -> np.ndarray:
    """Give the most images of each class, which fall with its place by size."""
    counts = np.empty(len(available), dtype=int)
    order = np.argsort(-np.asarray(available), kind="stable")
    counts[order] = long_tailed_counts(most, len(available), imbalance_ratio)
    return counts


def _has_text(file: Path, text: bytes) -> bool:
    return file.is_file() and file.read_bytes() == text


def _compare(folds: FoldLists, found: ClassFolders, texts: dict[str, bytes]) -> str:
    """Say how large the lists are, and whether they are the published ones."""
    sizes = {x: len(texts[f"fold_0/{x}.txt"].splitlines()) for x in SPLITS}
    listed = ", ".join(f"{split} {size:,}" for split, size in sizes.items())
    state = f"images in fold 0: {listed}; "
    if sha256(b"".join(texts.values())).hexdigest() == folds.sha256:
        return f"{state}as published"
    own, published = (
        f"{images:,} images of {classes:,} classes"
        for images, classes in (
            (len(found), len(found.classes)),
            (folds.images, folds.classes),
        )
    )
    why = "other names of files" if own == published else f"{own}, not {published}"
    return f"{state}not as published ({why}), so that results do not compare"
