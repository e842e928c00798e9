"""Losses for long-tailed training sets."""

from lpt_mm.models.losses.asymmetric_gcl_loss import AsymmetricGCLLoss
from lpt_mm.models.losses.balanced_softmax_loss import BalancedSoftmaxLoss
from lpt_mm.models.losses.class_balanced_loss import ClassBalancedLoss
from lpt_mm.models.losses.gcl_loss import GCLLoss
from lpt_mm.models.losses.ldam_loss import LDAMLoss
from lpt_mm.models.losses.logit_adjusted_loss import LogitAdjustedLoss
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
