"""Which class is matched with which group of prompts."""

import numpy as np

from lpt_mm.evaluation.metrics import SHOT_GROUPS
from lpt_mm.models.necks.pool_usage import entropy


def count_matches(
    groups: np.ndarray, labels: np.ndarray, num_classes: int, pool_size: int
) -> np.ndarray:
    """Count, (C, M), the images (n,) of each class with each of their groups (n, k)."""
    cell = labels[:, None] * pool_size + groups
    size = num_classes * pool_size
    return np.bincount(cell.ravel(), minlength=size).reshape(num_classes, pool_size)


def count_combinations(groups: np.ndarray) -> np.ndarray:
    """Count the images (n,) of each set of k groups that there is, of groups (n, k)."""
    return np.unique(np.sort(groups, axis=1), axis=0, return_counts=True)[1]


def effective_combinations(combinations: np.ndarray) -> float:
    """Compute the number of sets that, equally frequent, would be as diverse.

    It is exp(H) with H the entropy of the images of each set, which few images
    underestimate: it is at most their number.
    """
    return float(np.exp(entropy(combinations)))


def shares(counts: np.ndarray) -> np.ndarray:
    """Divide (R, n) counts by the sums of their rows; without any, a row is NaN."""
    total = counts.sum(axis=1, keepdims=True)
    nan = np.full(counts.shape, np.nan)
    return np.divide(counts, total, out=nan, where=total > 0)


def shots_by_group(matches: np.ndarray, shot_of_class: np.ndarray) -> np.ndarray:
    """Compute the shot groups' shares (M, 3) of each group's matches (C, M), or NaN."""
    by_shot = [matches[shot_of_class == name].sum(axis=0) for name in SHOT_GROUPS]
    return shares(np.stack(by_shot, axis=1))


def class_information(matches: np.ndarray) -> float:
    """Compute how much of the class a match tells, of matches (C, M).

    It is the mutual information of class and group over the entropy of the class
    (the uncertainty coefficient of Theil): 0 where all classes use the groups alike, 1
    where a group tells the class; NaN if there is but one class.
    """
    of_class = entropy(matches.sum(axis=1))
    of_group = entropy(matches.sum(axis=0))
    if of_class == 0:
        return float("nan")
    return (of_class + of_group - entropy(matches)) / of_class


def name_information(matches: np.ndarray, node_of: np.ndarray) -> float:
    """Compute how much of a name above the class a match tells, as of the class.

    Args:
        matches: (C, M) counts.
        node_of: (C,) which name a class is of; classes of -1 have none, and no part.

    Returns:
        From 0 to 1, or NaN if there is but one name.
    """
    of_node = np.zeros((node_of.max() + 1, matches.shape[1]))
    np.add.at(of_node, node_of[node_of >= 0], matches[node_of >= 0])
    return class_information(of_node)
