"""Vectors of length 1."""

import torch
from torch import Tensor
from torch.nn import functional as F

# Vectors without a larger entry have no direction: their cosine and gradient are 0.
SHORTEST = 1e-12


def unit(vectors: Tensor, dim: int) -> Tensor:
    """Scale vectors to length 1, however long they are.

    Args:
        vectors: Tensor of any shape.
        dim: The dimension that a vector goes along.

    Returns:
        Tensor of the same shape, in float32 or better.
    """
    vectors = vectors.to(torch.promote_types(vectors.dtype, torch.float32))
    # Squares of large numbers overflow, so the largest is made 1 first.
    largest = vectors.detach().abs().amax(dim, keepdim=True)
    largest = largest.masked_fill(largest < SHORTEST, torch.inf)
    return F.normalize(vectors / largest, dim=dim, eps=1.0)
