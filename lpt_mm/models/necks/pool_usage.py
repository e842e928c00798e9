"""How a pool of M group prompts is used, from the shares that images give to groups.

An image gives its k groups a share of 1 / k each, with soft matching all groups their
weight. ``usage`` (M,) sums the shares over images, or counts the images of each group;
``co_choice`` (M, M) sums the products of the shares of two groups, so that its rows add
up to ``usage``.
"""

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


def co_choice_rank(co_choice: np.ndarray) -> float:
    """Compute the number of groups that, each chosen alone, would be as diverse.

    It is the effective rank of the co-choice matrix, exp(H) with H the entropy of its
    eigenvalues as shares of their sum: 1 where all images have the same groups, s where
    groups come in s fixed sets, equally used; :func:`free_rank` is that of a free
    choice. It lies between ``effective_groups / k``, of fixed sets, and
    ``effective_groups``. Source: The effective rank, Roy and Vetterli 2007,
    https://ieeexplore.ieee.org/document/7098875.
    """
    # A product of a matrix with itself has no eigenvalue below 0, but for rounding.
    return float(np.exp(entropy(np.linalg.eigvalsh(co_choice).clip(0))))


def free_rank(groups: float, topk: int) -> float:
    """Compute the co-choice rank where any k of so many groups come equally often.

    One eigenvalue has the share ``k / groups``, since each image has k groups; the
    others are equal. It is ``groups`` for k = 1, and 1 where k are all groups.
    """
    first = min(topk / groups, 1)
    shares = np.array([first, (1 - first) / (groups - 1 or 1)])
    logs = np.log(np.where(shares > 0, shares, 1))
    return float(np.exp(-logs @ [first, 1 - first]))


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
