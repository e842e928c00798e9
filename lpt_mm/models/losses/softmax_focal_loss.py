"""Focal loss on the softmax."""

from mmpretrain.models.losses.utils import weight_reduce_loss
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from lpt_mm.models.numerics import at_least_float32, bounded, miss_probability


@MODELS.register_module()
class SoftmaxFocalLoss(nn.Module):
    """Cross-entropy in which images weigh less the better they are classified.

    The weight is ``(1 - p) ** gamma``, with the label's probability p. Source: Focal
    Loss, equation 4, https://arxiv.org/abs/1708.02002; differs from it, and from
    mmpretrain's ``FocalLoss``, in the softmax instead of a sigmoid per class, because
    an image has one label. Scores beyond ``LARGEST_LOGIT`` count as this.

    Args:
        gamma: Focusing power; 0 gives cross-entropy.
    """

    def __init__(self, gamma: float = 2.0) -> None:
        super().__init__()
        self.gamma = gamma

    def forward(
        self, score: Tensor, target: Tensor, avg_factor: int | None = None
    ) -> Tensor:
        """Compute the mean loss () of scores (B, C); see :class:`LongTailLoss`."""
        logit = bounded(at_least_float32(score))
        entropy = F.cross_entropy(logit, target, reduction="none")
        focus = miss_probability(-entropy) ** self.gamma
        return weight_reduce_loss(focus * entropy, avg_factor=avg_factor)
