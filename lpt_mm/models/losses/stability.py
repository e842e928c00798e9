"""Arithmetic that keeps losses and their gradients finite."""

import torch
from torch import Tensor

# Ordinary logits are below 100. Sums over any batch of numbers like this stay finite.
LARGEST_LOGIT = 1e6


def at_least_float32(score: Tensor) -> Tensor:
    """Convert half precision to float32, in which losses are computed.

    Args:
        score: Scores of any shape and floating type.

    Returns:
        The scores, in float32 or better.
    """
    return score.to(torch.promote_types(score.dtype, torch.float32))


def bounded(logit: Tensor) -> Tensor:
    """Clamp to +-``LARGEST_LOGIT``; beyond there is no gradient.

    Args:
        logit: Logits of any shape.

    Returns:
        The bounded logits.
    """
    return logit.clamp(-LARGEST_LOGIT, LARGEST_LOGIT)


def miss_probability(log_prob: Tensor) -> Tensor:
    """Compute 1 - p from log p, just above 0 where p rounds to 1.

    Args:
        log_prob: Logarithms of probabilities, of any shape.

    Returns:
        Probabilities of the opposite, positive.
    """
    # -expm1(log p) is exact where p is close to 1.
    miss = -torch.expm1(log_prob)
    # A power below 1 has an infinite slope at 0, and 0 * inf is NaN: keep off it.
    return miss.clamp_min(torch.finfo(miss.dtype).tiny)
