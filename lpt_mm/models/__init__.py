"""Model components: backbone, neck, head, losses and classifier."""

from lpt_mm.models.backbones import PromptedViT
from lpt_mm.models.classifiers import LPTClassifier
from lpt_mm.models.heads import (
    CosineHead,
    GDAHead,
    LinearHead,
    NearestClassMeanHead,
    NearestNeighborHead,
)
from lpt_mm.models.losses import (
    AsymmetricGCLLoss,
    BalancedSoftmaxLoss,
    ClassBalancedLoss,
    GCLLoss,
    LDAMLoss,
    LogitAdjustedLoss,
    SoftmaxFocalLoss,
)
from lpt_mm.models.necks import GroupPromptNeck

__all__ = [
    "AsymmetricGCLLoss",
    "BalancedSoftmaxLoss",
    "ClassBalancedLoss",
    "CosineHead",
    "GCLLoss",
    "GDAHead",
    "GroupPromptNeck",
    "LDAMLoss",
    "LPTClassifier",
    "LinearHead",
    "LogitAdjustedLoss",
    "NearestClassMeanHead",
    "NearestNeighborHead",
    "PromptedViT",
    "SoftmaxFocalLoss",
]
