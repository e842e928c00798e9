"""How long the tail is."""

from collections.abc import Sequence

import numpy as np


def gini(counts: Sequence[int]) -> float | None:
    """Compute the Gini coefficient of class counts; None without an image.

    It is half the mean absolute difference of two classes' counts over the mean count:
    0 where all classes have as many images, (C - 1) / C where one class has all.
    """
    ordered = np.sort(np.asarray(counts, dtype=np.float64))
    if not ordered.sum():
        return None
    rank = np.arange(1, len(ordered) + 1)
    weights = 2 * rank - len(ordered) - 1
    return float(weights @ ordered / (len(ordered) * ordered.sum()))


def imbalance_ratio(counts: Sequence[int]) -> float | None:
    """Divide the most images of a class by the fewest that any has, if one has any."""
    counts = np.asarray(counts)
    present = counts[counts > 0]
    return float(present.max() / present.min()) if present.size else None
