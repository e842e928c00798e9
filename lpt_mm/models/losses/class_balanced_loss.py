"""Cross-entropy weighted by the effective number of images."""

from collections.abc import Sequence

from mmpretrain.registry import MODELS
from torch import Tensor

from lpt_mm.models.losses.effective_number import (
    effective_number_weights,
    require_beta,
)
from lpt_mm.models.losses.long_tail_loss import LongTailLoss, power_of


@MODELS.register_module()
class ClassBalancedLoss(LongTailLoss):
    """Cross-entropy weighted by the inverse effective number of the label's images.

    The effective number of n images is ``(1 - beta ** n) / (1 - beta)``: 1 for
    ``beta = 0``, and close to n for ``beta`` close to 1. The weights have the mean 1
    over the classes. Source: Class-Balanced Loss Based on Effective Number of Samples,
    proposition 1 and section 4.1, https://arxiv.org/abs/1901.05555.

    Args:
        beta: From 0, where it is cross-entropy, to below 1.
        cls_num_list: Training images per class, length C; ``ClassCountHook`` sets it.
    """

    def __init__(
        self, beta: float = 0.9999, cls_num_list: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        require_beta(beta)
        self.beta = beta
        self.cls_num_list = cls_num_list

    def from_counts(self, counts: Tensor) -> Tensor:
        """Compute the weight of each class; their mean is 1."""
        return effective_number_weights(counts, self.beta)

    def image_losses(self, logit: Tensor, target: Tensor) -> Tensor:
        """Weight the entropies by the weights of the labels, (B,)."""
        return super().image_losses(logit, target) * self.per_class(logit)[target]

    def removed_power(self, counts: Tensor) -> float:
        """Give the power of the inverse counts that the weights are closest to."""
        return -power_of(self.from_counts(counts).log(), counts)
