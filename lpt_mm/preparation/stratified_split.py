"""Splitting of a long-tailed data set."""

from collections.abc import Sequence

import numpy as np


def stratified_split(
    labels: Sequence[int], shares: Sequence[float], seed: int
) -> list[np.ndarray]:
    """Split images class by class into a rest and further parts.

    Each part gets its share of each class, at least one image. But at least half of a
    class stays in the rest: where that is too little for all, the last part (test)
    comes before the others.

    Args:
        labels: (number of images,) class indices.
        shares: Shares of the further parts, such as 0.1 for validation and 0.2 for
            test; the rest is for training.
        seed: Seed of the choice.

    Returns:
        Indices of the rest and of each part, in ascending order.
    """
    labels = np.asarray(labels)
    parts: list[list[np.ndarray]] = [[] for _ in range(len(shares) + 1)]
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        order = np.random.default_rng([seed, label]).permutation(members)
        sizes = _sizes(len(members), shares)
        for part, chosen in zip(
            parts, np.split(order, np.cumsum(sizes)[:-1]), strict=True
        ):
            part.append(chosen)
    return [np.sort(np.concatenate(part)) for part in parts]


def _sizes(count: int, shares: Sequence[float]) -> list[int]:
    """Give the images of a class to the rest and to each part."""
    sizes = [max(1, round(share * count)) for share in shares]
    for i in range(len(sizes)):  # the first ones go without
        if 2 * sum(sizes) > count:
            sizes[i] = 0
    return [count - sum(sizes), *sizes]
