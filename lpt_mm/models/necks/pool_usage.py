"""How evenly a pool of M group prompts is used; ``usage`` is (M,) matches of each."""

import numpy as np
import torch

from lpt_mm.models.numerics import unit


def entropy(counts: np.ndarray) -> float:
    """Compute the entropy in nats of counts, not all 0, as shares of their sum."""
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def effective_groups(usage: np.ndarray) -> float:
    """Compute the number of groups that, used equally, would be as diverse.

    It is exp(H) with H the entropy of the usage: M where all groups are used equally,
    k where all images are matched with the same k groups.
    """
    return float(np.exp(entropy(usage)))


def usage_entropy(usage: np.ndarray) -> float:
    """Compute the entropy of the usage over its maximum, log M; 1 for one group."""
    return entropy(usage) / np.log(len(usage)) if len(usage) > 1 else 1.0


def dead_groups(usage: np.ndarray) -> list[int]:
    """Find the groups that no image was matched with."""
    return np.flatnonzero(usage == 0).tolist()


def key_similarity(keys: np.ndarray) -> tuple[float, float]:
    """Give mean and maximum of the cosine of two keys (M, D); NaN for one key."""
    if len(keys) < 2:
        return float("nan"), float("nan")
    keys = unit(torch.from_numpy(keys), dim=1).numpy()
    of_pairs = (keys @ keys.T)[np.triu_indices(len(keys), k=1)]
    return float(of_pairs.mean()), float(of_pairs.max())
