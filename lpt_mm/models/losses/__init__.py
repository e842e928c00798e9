"""Losses for long-tailed training sets."""

from lpt_mm.models.losses.asymmetric_gcl_loss import AsymmetricGCLLoss
from lpt_mm.models.losses.balanced_softmax_loss import BalancedSoftmaxLoss
from lpt_mm.models.losses.class_balanced_loss import ClassBalancedLoss
from lpt_mm.models.losses.gcl_loss import GCLLoss
from lpt_mm.models.losses.generalized_reweight_loss import GeneralizedReweightLoss
from lpt_mm.models.losses.lade_loss import LADELoss
from lpt_mm.models.losses.ldam_loss import LDAMLoss
from lpt_mm.models.losses.logit_adjusted_loss import LogitAdjustedLoss
from lpt_mm.models.losses.softmax_focal_loss import SoftmaxFocalLoss
from lpt_mm.models.losses.vector_scaling_loss import VectorScalingLoss

__all__ = [
    "AsymmetricGCLLoss",
    "BalancedSoftmaxLoss",
    "ClassBalancedLoss",
    "GCLLoss",
    "GeneralizedReweightLoss",
    "LADELoss",
    "LDAMLoss",
    "LogitAdjustedLoss",
    "SoftmaxFocalLoss",
    "VectorScalingLoss",
]
