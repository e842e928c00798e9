"""Losses for long-tailed training sets."""

from lpt_mm.models.losses.class_balanced_loss import ClassBalancedLoss
from lpt_mm.models.losses.gcl_loss import AsymmetricGCLLoss, GCLLoss
from lpt_mm.models.losses.ldam_loss import LDAMLoss
from lpt_mm.models.losses.logit_adjusted_loss import (
    BalancedSoftmaxLoss,
    LogitAdjustedLoss,
)
from lpt_mm.models.losses.softmax_focal_loss import SoftmaxFocalLoss

__all__ = [
    "AsymmetricGCLLoss",
    "BalancedSoftmaxLoss",
    "ClassBalancedLoss",
    "GCLLoss",
    "LDAMLoss",
    "LogitAdjustedLoss",
    "SoftmaxFocalLoss",
]
