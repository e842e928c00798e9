"""Weights of classes by the inverse effective number of their images.

Source: Class-Balanced Loss Based on Effective Number of Samples, proposition 1 and
section 4.1, https://arxiv.org/abs/1901.05555.
"""

import math

import torch
from torch import Tensor

from lpt_mm.utils.errors import UserError


def require_beta(beta: float) -> None:
    """Refuse a beta that gives no effective number."""
    if not 0 <= beta < 1:
        raise UserError(f"beta must be in [0, 1), got {beta}")


def effective_number_weights(counts: Tensor, beta: float) -> Tensor:
    """Compute the weight of each class, (C,), from the counts (C,); their mean is 1.

    The effective number of n images is ``(1 - beta ** n) / (1 - beta)``: 1 for
    ``beta = 0``, and close to n for ``beta`` close to 1.
    """
    # 1 - beta ** n is computed as -expm1(n log beta), exact for beta close to 1.
    log_beta = math.log(beta) if beta > 0 else -math.inf
    weight = -1 / torch.expm1(counts * log_beta)
    return weight / weight.mean()
