"""Gaussian discriminant analysis: no training."""

import torch
from mmpretrain.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

from lpt_mm.models.heads.feature_bank_head import FeatureBankHead


@MODELS.register_module()
class GDAHead(FeatureBankHead):
    """Scores of Gaussians with the mean of each class and one covariance for all.

    Features f have unit length. With the class means ``mu_c`` and the covariance S of
    the N features less their class means, scores are ``f w_c - mu_c w_c / 2``, where
    ``w_c = P mu_c`` and ``P = D pinv((N - 1) S + trace(S) I)``: all classes are held
    to be equally frequent. Source: A Hard-to-Beat Baseline for Training-free CLIP-based
    Adaptation, https://arxiv.org/abs/2402.04087.

    The bank holds the weights ``w_c`` (C, D).

    Args:
        num_classes: Number of classes, C.
        in_channels: Width of the feature, D.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(
        self, num_classes: int, in_channels: int, init_cfg: dict | None = None
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg)
        self.register_buffer("bias", None)  # (C,)

    def make_room(self, num_features: int) -> None:
        """Make room for the weights, of which there is one for each class."""
        super().make_room(self.num_classes)
        self.bias = self.bank.new_zeros(self.num_classes)

    def fill(self, feature: Tensor, label: Tensor) -> None:
        """Store weights and biases of the classes."""
        super().fill(feature, label)
        weight, bias = _analyse(self.bank.double(), self.bank_label, self.num_classes)
        self.bank, self.bias = weight.to(self.bank), bias.to(self.bank)
        self.bank_label = torch.arange(self.num_classes, device=weight.device)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Compute the scores (B, C) of the last feature (B, D)."""
        return F.linear(self.query(feats), self.bank, self.bias)


def _analyse(feature: Tensor, label: Tensor, num_classes: int) -> tuple[Tensor, Tensor]:
    """Compute weights (C, D) and biases (C,) from unit features (N, D), in float64."""
    number, width = feature.shape
    total = feature.new_zeros(num_classes, width).index_add_(0, label, feature)
    counts = torch.bincount(label, minlength=num_classes)
    means = total / counts.clamp_min(1)[:, None]
    centred = feature - means[label]
    scatter = centred.T @ centred  # (N - 1) S
    trace = scatter.trace() / (number - 1)
    identity = torch.eye(width, dtype=feature.dtype, device=feature.device)
    precision = width * torch.linalg.pinv(scatter + trace * identity, hermitian=True)
    weight = means @ precision
    return weight, -(means * weight).sum(dim=1) / 2
