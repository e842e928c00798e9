"""Nearest class mean: no training."""

import torch
from mmpretrain.registry import MODELS
from torch import Tensor

from lpt_mm.models.heads.feature_bank_head import FeatureBankHead
from lpt_mm.models.numerics import unit


@MODELS.register_module()
class NearestClassMeanHead(FeatureBankHead):
    """Scores are ``scale * cos(feature, mean feature of the class)``.

    Features have unit length before the mean is taken. Source: Distance-Based Image
    Classification, https://inria.hal.science/hal-00817211; for long-tailed data
    https://arxiv.org/abs/1910.09217, section 4.

    Args:
        num_classes: Number of classes, C.
        in_channels: Width of the feature, D.
        scale: Multiplier of the cosine, unitless; it changes the confidence alone.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        scale: float = 20.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg)
        self.scale = scale

    def fill(self, feature: Tensor, label: Tensor) -> None:
        """Store the mean features of the classes."""
        super().fill(feature, label)
        total = self.bank.new_zeros(self.num_classes, self.in_channels)
        total.index_add_(0, self.bank_label, self.bank)
        self.bank = unit(total, dim=1)
        self.bank_label = torch.arange(self.num_classes, device=total.device)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Compute the scores (B, C) of the last feature (B, D)."""
        return self.scale * self.query(feats) @ self.bank.T
