"""Focal loss of a softmax."""

from mmpretrain.registry import MODELS
from torch import Tensor

from lpt_mm.models.losses.long_tail_loss import SoftmaxLoss
from lpt_mm.models.numerics import miss_probability


@MODELS.register_module()
class SoftmaxFocalLoss(SoftmaxLoss):
    """Cross-entropy in which images weigh less the better they are classified.

    The weight is ``(1 - p) ** gamma``, with the label's probability p. Source: Focal
    Loss, equation 4, https://arxiv.org/abs/1708.02002; differs from it, and from
    mmpretrain's ``FocalLoss``, in the softmax instead of a sigmoid per class, because
    an image has one label.

    Args:
        gamma: Focusing power; 0 gives cross-entropy.
    """

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = gamma

    def image_losses(self, logit: Tensor, target: Tensor) -> Tensor:
        """Weight the entropies by the power of the misses' probability, (B,)."""
        entropy = super().image_losses(logit, target)
        return miss_probability(-entropy) ** self.gamma * entropy
