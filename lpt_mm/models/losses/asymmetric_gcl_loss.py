"""Asymmetric Gaussian clouded logit loss."""

from collections.abc import Sequence

import torch
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

NOISE_STD = 1 / 3
# Ordinary logits are below 100. Sums over any batch of numbers like this stay finite.
LARGEST_LOGIT = 1e6


@MODELS.register_module()
class AsymmetricGCLLoss(nn.Module):
    """Cross-entropy on clouded logits with asymmetric focusing.

    The scores of rare classes are lowered at random, more so the rarer the class, and
    the label's own score by a margin; easy negatives weigh less, by the power
    ``gamma_neg`` of their probability. Sources: Long-tailed Prompt Tuning, equation 5,
    https://arxiv.org/abs/2210.01033; Gaussian clouded logits,
    https://arxiv.org/abs/2305.11733; asymmetric loss, https://arxiv.org/abs/2009.14119.

    Noise and margin act in training mode only. Loss and gradient are finite for all
    finite scores: they are computed in float32 at least, and scaled scores beyond
    ``LARGEST_LOGIT``, which no cosine has, count as this and have no gradient.

    Args:
        scale: Multiplier of the cosine, unitless; set by the head that owns the loss.
        margin: Subtracted from the cosine of the label.
        noise_mul: Amplitude of the noise of the rarest class.
        gamma_pos: Focusing power of the label.
        gamma_neg: Focusing power of the other classes.
        label_smoothing: Probability mass spread evenly over all classes.
        cls_num_list: Training images per class, length C, all positive; set by
            :class:`lpt_mm.engine.hooks.ClassCountHook` when training.

    Raises:
        ValueError: If a class has no training image.
    """

    def __init__(
        self,
        scale: float = 20.0,
        margin: float = 0.1,
        noise_mul: float = 0.5,
        gamma_pos: float = 0.0,
        gamma_neg: float = 4.0,
        label_smoothing: float = 0.1,
        cls_num_list: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.scale = scale
        self.margin = margin
        self.noise_mul = noise_mul
        self.gamma_pos = gamma_pos
        self.gamma_neg = gamma_neg
        self.label_smoothing = label_smoothing
        self.register_buffer("rarity", None, persistent=False)
        self.cls_num_list = cls_num_list

    @property
    def cls_num_list(self) -> list[int] | None:
        """Training images per class, length C."""
        return self._cls_num_list

    @cls_num_list.setter
    def cls_num_list(self, counts: Sequence[int] | None) -> None:
        self._cls_num_list = None if counts is None else list(counts)
        if counts is None:
            return
        if min(counts) < 1:
            empty = [i for i, count in enumerate(counts) if count < 1]
            raise ValueError(f"cls_num_list: no training image in classes {empty}")
        log_counts = torch.tensor(self._cls_num_list, dtype=torch.float64).log()
        gap = log_counts.max() - log_counts
        # With equal counts the gap is 0 everywhere, and so is the rarity.
        rarity = gap / gap.max() if gap.max() > 0 else gap
        self.rarity = rarity

    def forward(
        self, cosine: Tensor, target: Tensor, noise: Tensor | None = None
    ) -> Tensor:
        """Compute the mean loss.

        Args:
            cosine: (B, C) similarities in [-1, 1].
            target: (B,) int64 class indices.
            noise: (B, C) draws of a Gaussian of standard deviation 1/3; drawn here by
                default.

        Returns:
            () mean loss, in float32 or better.
        """
        is_label = F.one_hot(target, cosine.shape[1]).bool()
        cosine = cosine.to(torch.promote_types(cosine.dtype, torch.float32))
        if self.training:
            cosine = self._cloud(cosine, is_label, noise)
        logit = (self.scale * cosine).clamp(-LARGEST_LOGIT, LARGEST_LOGIT)
        log_prob = F.log_softmax(logit, dim=1)
        # 1 - p is computed as -expm1(log p), exact where p is close to 1.
        miss = -torch.expm1(log_prob)
        # A power below 1 has an infinite slope at 0, and 0 * inf is NaN: keep off it.
        miss = miss.clamp_min(torch.finfo(miss.dtype).tiny)
        # p ** gamma as exp(gamma * log p), whose slope is finite where p rounds to 0.
        easy = torch.exp(self.gamma_neg * log_prob)
        focus = torch.where(is_label, miss**self.gamma_pos, easy)
        smooth = self.label_smoothing / cosine.shape[1]
        target_prob = (1 - self.label_smoothing) * is_label.to(log_prob) + smooth
        return -(target_prob * focus * log_prob).sum(dim=1).mean()

    def _cloud(self, cosine: Tensor, is_label: Tensor, noise: Tensor | None) -> Tensor:
        """Subtract the noise from all scores and the margin from the label's."""
        if self.rarity is None:
            raise ValueError(
                "AsymmetricGCLLoss needs the class counts: add "
                "dict(type='ClassCountHook') to custom_hooks or set cls_num_list"
            )
        if noise is None:
            noise = NOISE_STD * torch.randn_like(cosine)
        # The counts come after the model has moved: follow it, once.
        self.rarity = self.rarity.to(cosine)
        depth = self.noise_mul * noise.clamp(-1, 1).abs() * self.rarity
        return cosine - depth - self.margin * is_label.to(cosine)
