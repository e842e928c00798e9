"""Cross-entropy weighted by a power of the inverse class counts."""

import math
from collections.abc import Sequence

from mmpretrain.registry import MODELS
from torch import Tensor

from lpt_mm.models.losses.long_tail_loss import LongTailLoss
from lpt_mm.utils.errors import UserError


@MODELS.register_module()
class GeneralizedReweightLoss(LongTailLoss):
    """Cross-entropy weighted by ``(1 / n) ** rho``, n the images of the label's class.

    The weights have the mean 1 over the classes. Source: Distribution Alignment,
    https://arxiv.org/abs/2103.16370, which weights the second of its two stages so;
    differs from it in the sum of the weights, there 1, so that ``rho = 0`` is
    cross-entropy.

    Args:
        rho: 0 gives cross-entropy, 1 the same sum of weights to each class.
        cls_num_list: Training images per class, length C; ``ClassCountHook`` sets it.

    Raises:
        UserError: If ``rho`` is negative or infinite.
    """

    def __init__(
        self, rho: float = 1.0, cls_num_list: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        if not 0 <= rho < math.inf:
            raise UserError(f"rho must be 0 or more, and finite, got {rho}")
        self.rho = rho
        self.cls_num_list = cls_num_list

    def from_counts(self, counts: Tensor) -> Tensor:
        """Compute the weight of each class; their mean is 1."""
        # Of the rarest class it is 1 before the mean, so that no power is too small.
        weight = (counts.min() / counts) ** self.rho
        return weight / weight.mean()

    def image_losses(self, logit: Tensor, target: Tensor) -> Tensor:
        """Weight the entropies by the weights of the labels, (B,)."""
        return super().image_losses(logit, target) * self.per_class(logit)[target]

    def removed_power(self, counts: Tensor) -> float:
        """Give ``rho``, whatever the counts."""
        return self.rho
