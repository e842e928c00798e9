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
    GeneralizedReweightLoss,
    LADELoss,
    LDAMLoss,
    LogitAdjustedLoss,
    SoftmaxFocalLoss,
    VectorScalingLoss,
)
from lpt_mm.models.necks import GroupPromptNeck
from lpt_mm.models.tunings import Adapter, AdaptFormer, LoRA

__all__ = [
    "AdaptFormer",
    "Adapter",
    "AsymmetricGCLLoss",
    "BalancedSoftmaxLoss",
    "ClassBalancedLoss",
    "CosineHead",
    "GCLLoss",
    "GDAHead",
    "GeneralizedReweightLoss",
    "GroupPromptNeck",
    "LADELoss",
    "LDAMLoss",
    "LPTClassifier",
    "LinearHead",
    "LoRA",
    "LogitAdjustedLoss",
    "NearestClassMeanHead",
    "NearestNeighborHead",
    "PromptedViT",
    "SoftmaxFocalLoss",
    "VectorScalingLoss",
]
