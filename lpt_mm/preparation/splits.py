"""Splitting of data sets, class by class."""

from collections.abc import Callable, Sequence

import numpy as np

from lpt_mm.datasets.long_tailed_subset import long_tailed_counts
from lpt_mm.utils.errors import UserError

NUM_FOLDS = 5
LEAST = 7  # images of a class: two for the test, one for validation, four for training


def stratified_split(
    labels: Sequence[int], shares: Sequence[float], seed: int
) -> list[np.ndarray]:
    """Split images of the given class indices into a rest and further parts.

    Each part gets its share of each class, at least one image. But at least half of a
    class stays in the rest: where that is too little for all, the last part (test)
    comes before the others. The indices of each part are in ascending order.
    """
    return _split(labels, lambda _, count: part_sizes(count, shares), seed)


def part_sizes(count: int, shares: Sequence[float]) -> list[int]:
    """Say how many images of a class go into the rest, and into each further part."""
    parts = [max(1, round(share * count)) for share in shares]
    for i in range(len(parts)):  # the first ones go without
        if 2 * sum(parts) > count:
            parts[i] = 0
    return [count - sum(parts), *parts]


def fold_splits(
    labels: Sequence[int], seed: int, most: Sequence[int] | None = None
) -> list[dict[str, np.ndarray]]:
    """Split images for a five-fold cross-validation, class by class.

    Each image is a test image of one fold. A tenth of a class, at least one image, is
    for validation: of the test images of the next fold, so that no two folds share
    any. The rest is for training, of class j at most ``most[j]`` images. Of the
    ``LEAST`` images that a class needs at least four are left for it.
    """
    folds: list[dict] = [dict(train=[], val=[], test=[]) for _ in range(NUM_FOLDS)]
    for label, count in enumerate(np.bincount(labels).tolist()):
        members = np.flatnonzero(np.equal(labels, label))
        order = np.random.default_rng([seed, label]).permutation(members)
        # What five does not divide goes to other folds in each class.
        fifths = [order[(label + i) % NUM_FOLDS :: NUM_FOLDS] for i in range(NUM_FOLDS)]
        num_val = max(1, round(count / 10))
        for i, fold in enumerate(folds):
            test, following, *others = fifths[i:] + fifths[:i]
            rest = np.concatenate([following[num_val:], *others])
            fold["test"].append(test)
            fold["val"].append(following[:num_val])
            fold["train"].append(rest if most is None else rest[: most[label]])
    return [
        {name: np.sort(np.concatenate(parts)) for name, parts in fold.items()}
        for fold in folds
    ]


def pretraining_split(
    labels: Sequence[int], most: int, imbalance_ratio: float, num_val: int, seed: int
) -> dict[str, np.ndarray]:
    """Split a balanced data set so that a backbone never sees what is trained on later.

    Half of each class is for pre-training. Of the other half come the long-tailed
    training set, ``most`` images of class 0 and fewer of the others, and ``num_val``
    validation images of each class; the rest is not used.
    """
    counts = long_tailed_counts(most, int(max(labels)) + 1, imbalance_ratio)

    def sizes(label: int, count: int) -> list[int]:
        half = count // 2
        if counts[label] + num_val > count - half:
            raise UserError(
                f"class {label} has {count} images; {half} for pre-training, "
                f"{counts[label]} for training and {num_val} for validation are more"
            )
        return [half, num_val, counts[label]]

    pretrain, val, train = _split(labels, sizes, seed)
    return dict(pretrain=pretrain, train=train, val=val)


def _split(
    labels: Sequence[int], sizes: Callable[[int, int], list[int]], seed: int
) -> list[np.ndarray]:
    """Draw parts of each class, as large as ``sizes(label, images of the class)``."""
    counts = np.bincount(labels)
    parts = []
    for label, count in enumerate(counts.tolist()):
        members = np.flatnonzero(np.equal(labels, label))
        order = np.random.default_rng([seed, label]).permutation(members)
        parts.append(np.split(order, np.cumsum(sizes(label, count)))[:-1])
    return [np.sort(np.concatenate(part)) for part in zip(*parts, strict=True)]
