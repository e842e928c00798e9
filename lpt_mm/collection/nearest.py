"""How far features are from the nearest ones of others."""

import numpy as np
import torch

from lpt_mm.models.numerics import unit

QUERIES = 1024  # whose similarities are held at a time
# Of more images so many are drawn, to compare 100,000 with them in seconds; all 18,000
# of plankton-LT found hardly more that is unlike them.
MOST = 2_000


def nearest_distance(feature: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Compute the distances to the nearest, 1 less the cosine.

    Source: Out-of-Distribution Detection with Deep Nearest Neighbors,
    https://arxiv.org/abs/2204.06507, with one neighbour.

    Args:
        feature: (n, D) features.
        others: (m, D) features to be near to.

    Returns:
        (n,) float32, from 0 to 2.
    """
    bank = unit(torch.from_numpy(others), dim=1).T.contiguous()
    found = [
        (unit(part, dim=1) @ bank).amax(dim=1)
        for part in torch.from_numpy(feature).split(QUERIES)
    ]
    return (1 - torch.cat(found)).clamp_(0, 2).numpy()


def draw_some(feature: np.ndarray) -> np.ndarray:
    """Draw features, (m, D), of (n, D), if there are more than can be compared."""
    if len(feature) <= MOST:
        return feature
    return feature[np.sort(np.random.default_rng(0).permutation(len(feature))[:MOST])]
