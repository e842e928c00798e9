"""Losses for long-tailed training sets."""

from lpt_mm.models.losses.baseline_losses import (
    BalancedSoftmaxLoss,
    ClassBalancedLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    SoftmaxFocalLoss,
)
from lpt_mm.models.losses.gcl_loss import AsymmetricGCLLoss, GCLLoss

__all__ = [
    "AsymmetricGCLLoss",
    "BalancedSoftmaxLoss",
    "ClassBalancedLoss",
    "GCLLoss",
    "LDAMLoss",
    "LogitAdjustedLoss",
    "SoftmaxFocalLoss",
]
