"""Arithmetic that keeps features, losses and gradients finite."""

import torch
from torch import Tensor
from torch.nn import functional as F

from lpt_mm.utils.errors import UserError

# Ordinary logits are below 100. Sums over any batch of numbers like this stay finite.
LARGEST_LOGIT = 1e6
# Vectors without a larger entry have no direction: their cosine and gradient are 0.
SHORTEST = 1e-12


def at_least_float32(values: Tensor) -> Tensor:
    """Convert half precision to float32."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def bounded(logit: Tensor) -> Tensor:
    """Clamp to +-``LARGEST_LOGIT``; beyond there is no gradient."""
    return logit.clamp(-LARGEST_LOGIT, LARGEST_LOGIT)


def miss_probability(log_prob: Tensor) -> Tensor:
    """Compute 1 - p from log p, just above 0 where p rounds to 1."""
    # -expm1(log p) is exact where p is close to 1.
    miss = -torch.expm1(log_prob)
    # A power below 1 has an infinite slope at 0, and 0 * inf is NaN: keep off it.
    return miss.clamp_min(torch.finfo(miss.dtype).tiny)


def unit(vectors: Tensor, dim: int) -> Tensor:
    """Scale vectors along ``dim`` to length 1, in float32 or better."""
    vectors = at_least_float32(vectors)
    # Squares of large numbers overflow, so the largest is made 1 first.
    largest = vectors.detach().abs().amax(dim, keepdim=True)
    largest = largest.masked_fill(largest < SHORTEST, torch.inf)
    return F.normalize(vectors / largest, dim=dim, eps=1.0)


def require_finite(feature: Tensor, images: str) -> None:
    """Refuse features (number of images, D) that NaN makes as near to everything."""
    finite = feature.isfinite().all(dim=1)
    if not finite.all():
        raise UserError(
            f"the features of {int((~finite).sum())} of {len(finite)} {images} are no "
            "finite numbers: check the weights with tools/model_converters/"
            "describe_weights.py, and compute without --amp and "
            "model.backbone.frozen_dtype"
        )
