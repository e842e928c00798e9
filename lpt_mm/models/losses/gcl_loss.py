"""Gaussian clouded logit loss."""

import math
from collections.abc import Sequence

import torch
from mmpretrain.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

from lpt_mm.models.losses.long_tail_loss import LongTailLoss, power_of
from lpt_mm.models.numerics import bounded

NOISE_STD = 1 / 3
# Of the absolute value of the noise, a normal variable, clamped to 1.
MEAN_NOISE = NOISE_STD * math.sqrt(2 / math.pi) * (1 - math.exp(-4.5)) + math.erfc(
    3 / math.sqrt(2)
)


@MODELS.register_module()
class GCLLoss(LongTailLoss):
    """Cross-entropy on clouded logits.

    The scores of rare classes are lowered at random, more so the rarer the class, and
    the label's own score by a margin. Source: Gaussian clouded logits,
    https://arxiv.org/abs/2305.11733. Noise and margin act in training mode only.

    Args:
        scale: Multiplier of the cosine, unitless; set by the head that owns the loss.
        margin: Subtracted from the cosine of the label.
        noise_mul: Amplitude of the noise of the rarest class.
        cls_num_list: Training images per class, length C; ``ClassCountHook`` sets it.
    """

    works_on_cosines = True

    def __init__(
        self,
        scale: float = 20.0,
        margin: float = 0.1,
        noise_mul: float = 0.5,
        cls_num_list: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.scale = scale
        self.margin = margin
        self.noise_mul = noise_mul
        self.cls_num_list = cls_num_list

    def from_counts(self, counts: Tensor) -> Tensor:
        """Compute how rare each class is: 0 for the most frequent one to 1."""
        log_counts = counts.log()
        gap = log_counts.max() - log_counts
        # With equal counts the gap is 0 everywhere, and so is the rarity.
        return gap / gap.max() if gap.max() > 0 else gap

    def logits(
        self, cosine: Tensor, target: Tensor, noise: Tensor | None = None
    ) -> Tensor:
        """Cloud the cosines (B, C) and scale them.

        The noise (B, C), of standard deviation 1/3, is drawn here by default.
        """
        if self.training:
            is_label = F.one_hot(target, cosine.shape[1])
            cosine = self._cloud(cosine, is_label, noise)
        return bounded(self.scale * cosine)

    def _cloud(self, cosine: Tensor, is_label: Tensor, noise: Tensor | None) -> Tensor:
        """Subtract the noise from all scores and the margin from the label's."""
        rarity = self.per_class(cosine)
        if noise is None:
            noise = NOISE_STD * torch.randn_like(cosine)
        depth = self.noise_mul * noise.clamp(-1, 1).abs() * rarity
        return cosine - depth - self.margin * is_label.to(cosine)

    def removed_power(self, counts: Tensor) -> float:
        """Give the power that the mean of the noise is closest to."""
        depth = self.scale * self.noise_mul * MEAN_NOISE * self.from_counts(counts)
        return power_of(-depth, counts)
