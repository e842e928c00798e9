"""Gaussian clouded logit loss with asymmetric focusing, which LPT trains with."""

from collections.abc import Sequence

import torch
from mmpretrain.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

from lpt_mm.models.losses.gcl_loss import GCLLoss
from lpt_mm.models.numerics import miss_probability


@MODELS.register_module()
class AsymmetricGCLLoss(GCLLoss):
    """Cross-entropy on clouded logits with asymmetric focusing.

    To :class:`GCLLoss` it adds label smoothing, and focusing: easy negatives weigh
    less, by the power ``gamma_neg`` of their probability. Sources: Long-tailed Prompt
    Tuning, equation 5, https://arxiv.org/abs/2210.01033; asymmetric loss,
    https://arxiv.org/abs/2009.14119.

    Args:
        scale: Multiplier of the cosine, unitless; set by the head that owns the loss.
        margin: Subtracted from the cosine of the label.
        noise_mul: Amplitude of the noise of the rarest class.
        gamma_pos: Focusing power of the label.
        gamma_neg: Focusing power of the other classes.
        label_smoothing: Probability mass spread evenly over all classes.
        cls_num_list: Training images per class, length C; ``ClassCountHook`` sets it.
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
        super().__init__(scale, margin, noise_mul, cls_num_list)
        self.gamma_pos = gamma_pos
        self.gamma_neg = gamma_neg
        self.label_smoothing = label_smoothing

    def image_losses(self, logit: Tensor, target: Tensor) -> Tensor:
        """Compute the focused loss of each image, (B,), from the logits (B, C)."""
        is_label = F.one_hot(target, logit.shape[1]).bool()
        log_prob = F.log_softmax(logit, dim=1)
        # p ** gamma as exp(gamma * log p), whose slope is finite where p rounds to 0.
        easy = torch.exp(self.gamma_neg * log_prob)
        hard = miss_probability(log_prob) ** self.gamma_pos
        focus = torch.where(is_label, hard, easy)
        smooth = self.label_smoothing / logit.shape[1]
        target_prob = (1 - self.label_smoothing) * is_label.to(log_prob) + smooth
        return -(target_prob * focus * log_prob).sum(dim=1)
