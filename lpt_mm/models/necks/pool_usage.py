"""How evenly a pool of group prompts is used.

The letters are those of the package: M pool_size, k topk.
"""

import numpy as np
import torch

from lpt_mm.models.numerics import unit


def entropy(counts: np.ndarray) -> float:
    """Compute the entropy of shares.

    Args:
        counts: Array of any shape, not all 0; the shares are those of its sum.

    Returns:
        The entropy in nats.
    """
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def effective_groups(usage: np.ndarray) -> float:
    """Compute the number of groups that, used equally, would be as diverse.

    It is exp(H) with H the entropy of the usage: M where all groups are used equally,
    k where all images are matched with the same k groups.

    Args:
        usage: (M,) matches of each group.

    Returns:
        The effective number of groups.
    """
    return float(np.exp(entropy(usage)))


def usage_entropy(usage: np.ndarray) -> float:
    """Compute the entropy of the usage, normalised by its maximum, log M.

    Args:
        usage: (M,) matches of each group.

    Returns:
        0 where one group has all matches, 1 where all groups have as many; also 1 for a
        pool of one group.
    """
    return entropy(usage) / np.log(len(usage)) if len(usage) > 1 else 1.0


def dead_groups(usage: np.ndarray) -> list[int]:
    """Find the groups that no image was matched with.

    Args:
        usage: (M,) matches of each group.

    Returns:
        Their indices.
    """
    return np.flatnonzero(usage == 0).tolist()


def key_similarity(keys: np.ndarray) -> tuple[float, float]:
    """Compare the keys with each other.

    Args:
        keys: (M, D) keys of any length.

    Returns:
        Mean and maximum of the cosine similarity of two keys; NaN for one key.
    """
    if len(keys) < 2:
        return float("nan"), float("nan")
    keys = unit(torch.from_numpy(keys), dim=1).numpy()
    of_pairs = (keys @ keys.T)[np.triu_indices(len(keys), k=1)]
    return float(of_pairs.mean()), float(of_pairs.max())
