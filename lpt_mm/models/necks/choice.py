"""How groups are chosen for queries, and how much each one has of the mixed prompt.

Queries (B, D) and keys (M, D) are of length 1. Noise (B, M) is added to the
similarities where groups are chosen by them, and not to those that are given.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from lpt_mm.models.numerics import bounded, unit


class Choice(NamedTuple):
    """The k groups of each query, by falling rank, and the shares of all M groups."""

    similarity: Tensor  # (B, k)
    groups: Tensor  # (B, k)
    share: Tensor  # (B, M), rows add up to 1


def choose_topk(
    query: Tensor, keys: Tensor, topk: int, noise: Tensor | None = None
) -> Choice:
    """Choose the k groups most similar to a query, which have equal shares."""
    similarity = query @ keys.T
    chosen, groups = _best(similarity, topk, noise)
    return Choice(chosen, groups, _equal_shares(similarity, groups))


def choose_residual(
    query: Tensor, keys: Tensor, topk: int, noise: Tensor | None = None
) -> Choice:
    """Choose each further group by what the ones before have left of the query.

    Group j is the one, among those not chosen yet, whose key has the largest cosine
    with the residual r_j; ``r_1 = q``, and ``r_(j+1) = r_j - (r_j . key_j) key_j``.
    This cosine, and not that with q, is its similarity, through which its key alone has
    a gradient. The groups have equal shares. Source: matching pursuit, Mallat and Zhang
    1993, https://doi.org/10.1109/78.258082; here the cosine is signed.
    """
    residual, similarities, groups = query, [], []
    for _ in range(topk):
        similarity = unit(residual, dim=1) @ keys.T  # (B, M)
        ranked = similarity if noise is None else similarity + noise
        if groups:
            ranked = ranked.scatter(1, torch.cat(groups, dim=1), -torch.inf)
        group = ranked.argmax(dim=1, keepdim=True)  # (B, 1)
        similarities.append(similarity.gather(1, group))
        groups.append(group)
        key = keys.detach()[group[:, 0]]  # (B, D)
        residual = residual - (residual * key).sum(dim=1, keepdim=True) * key
    chosen = torch.cat(groups, dim=1)
    return Choice(torch.cat(similarities, dim=1), chosen, _equal_shares(ranked, chosen))


def choose_soft(
    query: Tensor,
    keys: Tensor,
    topk: int,
    noise: Tensor | None = None,
    *,
    temperature: float,
) -> Choice:
    """Mix all groups, with shares softmax(cosine / temperature).

    The k groups are those of the largest shares. Keys have a gradient from what is
    mixed. Source: CODA-Prompt, https://arxiv.org/abs/2211.13218; there the
    shares are the cosines themselves, of queries under a mask that is learnt.
    """
    similarity = query @ keys.T
    ranked = similarity if noise is None else similarity + noise
    share = bounded(ranked / temperature).softmax(dim=1)
    return Choice(*_best(similarity, topk, noise), share)


def _best(similarity: Tensor, topk: int, noise: Tensor | None) -> tuple[Tensor, Tensor]:
    """Find the k largest similarities (B, M), with noise: values and groups (B, k)."""
    if noise is None:
        return tuple(similarity.topk(topk, dim=1))
    groups = (similarity + noise).topk(topk, dim=1).indices
    return similarity.gather(1, groups), groups


def _equal_shares(similarity: Tensor, groups: Tensor) -> Tensor:
    """Give the groups (B, k) a share of 1 / k each: (B, M), as the similarities."""
    return torch.zeros_like(similarity).scatter_(1, groups, 1 / groups.shape[1])
