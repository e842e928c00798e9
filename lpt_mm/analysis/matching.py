"""How a pool of group prompts is used: numbers on which class is matched with what.

The letters are those of the package: M pool_size, K topk, C classes.
"""

import numpy as np

from lpt_mm.evaluation.metrics.long_tail_metric import SHOT_GROUPS


def count_matches(
    groups: np.ndarray, labels: np.ndarray, num_classes: int, pool_size: int
) -> np.ndarray:
    """Count how often images of each class were matched with each group.

    Args:
        groups: (number of images, K) groups chosen for each image.
        labels: (number of images,) class indices.
        num_classes: Number of classes, C.
        pool_size: Number of groups, M.

    Returns:
        (C, M) int64 matches.
    """
    cell = labels[:, None] * pool_size + groups
    size = num_classes * pool_size
    return np.bincount(cell.ravel(), minlength=size).reshape(num_classes, pool_size)


def effective_groups(usage: np.ndarray) -> float:
    """Compute the number of groups that, used equally, would be as diverse.

    It is exp(H) with H the entropy of the usage: M where all groups are used equally,
    K where all images are matched with the same K groups.

    Args:
        usage: (M,) matches of each group.

    Returns:
        The effective number of groups.
    """
    return float(np.exp(_entropy(usage)))


def usage_entropy(usage: np.ndarray) -> float:
    """Compute the entropy of the usage, normalised by its maximum, log M.

    Args:
        usage: (M,) matches of each group.

    Returns:
        0 where one group has all matches, 1 where all groups have as many; also 1 for a
        pool of one group.
    """
    return _entropy(usage) / np.log(len(usage)) if len(usage) > 1 else 1.0


def dead_groups(usage: np.ndarray) -> list[int]:
    """Find the groups that no image was matched with.

    Args:
        usage: (M,) matches of each group.

    Returns:
        Their indices.
    """
    return np.flatnonzero(usage == 0).tolist()


def usage_by_class(matches: np.ndarray) -> np.ndarray:
    """Compute how the matches of each class are spread over the groups.

    Args:
        matches: (C, M) as returned by :func:`count_matches`.

    Returns:
        (C, M), rows of sum 1; rows of NaN for classes without an image.
    """
    return _shares(matches, axis=1)


def shots_by_group(matches: np.ndarray, shot_of_class: np.ndarray) -> np.ndarray:
    """Compute the many-, medium- and few-shot share of each group's matches.

    Args:
        matches: (C, M) as returned by :func:`count_matches`.
        shot_of_class: (C,) names of the shot groups.

    Returns:
        (M, 3), rows of sum 1 in the order many, medium, few; rows of NaN for groups
        without a match.
    """
    by_shot = [matches[shot_of_class == name].sum(axis=0) for name in SHOT_GROUPS]
    return _shares(np.stack(by_shot, axis=1), axis=1)


def class_information(matches: np.ndarray) -> float:
    """Compute how much of the class a match tells.

    It is the mutual information of class and group over the entropy of the class
    (the uncertainty coefficient of Theil).

    Args:
        matches: (C, M) as returned by :func:`count_matches`.

    Returns:
        0 where all classes use the groups alike, 1 where a group tells the class; NaN
        if there is but one class.
    """
    of_class = _entropy(matches.sum(axis=1))
    of_group = _entropy(matches.sum(axis=0))
    if of_class == 0:
        return float("nan")
    return (of_class + of_group - _entropy(matches)) / of_class


def key_similarity(keys: np.ndarray) -> tuple[float, float]:
    """Compare the keys with each other.

    Args:
        keys: (M, D) keys of any length.

    Returns:
        Mean and maximum of the cosine similarity of two keys; NaN for one key.
    """
    if len(keys) < 2:
        return float("nan"), float("nan")
    keys = keys / np.linalg.norm(keys, axis=1, keepdims=True)
    of_pairs = (keys @ keys.T)[np.triu_indices(len(keys), k=1)]
    return float(of_pairs.mean()), float(of_pairs.max())


def _entropy(counts: np.ndarray) -> float:
    """Compute the entropy in nats."""
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def _shares(counts: np.ndarray, axis: int) -> np.ndarray:
    total = counts.sum(axis=axis, keepdims=True)
    nan = np.full(counts.shape, np.nan)
    return np.divide(counts, total, out=nan, where=total > 0)
