"""Cross-entropy on scores that the class counts multiply and shift."""

import math
from collections.abc import Sequence

from mmpretrain.registry import MODELS
from torch import Tensor

from lpt_mm.models.losses.long_tail_loss import LongTailLoss
from lpt_mm.models.numerics import bounded
from lpt_mm.utils.errors import UserError


@MODELS.register_module()
class VectorScalingLoss(LongTailLoss):
    """Cross-entropy on scores times a number per class, plus another one.

    The score of class c is multiplied by ``(n_c / n_max) ** gamma``, and ``tau`` times
    the logarithm of the class's share is added. The sum alone, which is
    :class:`LogitAdjustedLoss`, has no effect once a model fits all its training images;
    the product has. Source: Label-Imbalanced and Group-Sensitive Classification under
    Overparameterization, https://arxiv.org/abs/2103.01550, VS loss without weights.

    Args:
        gamma: Power of the multiplier; 0 gives :class:`LogitAdjustedLoss`.
        tau: Strength of the sum; 0 leaves the multiplier alone.
        cls_num_list: Training images per class, length C; ``ClassCountHook`` sets it.

    Raises:
        UserError: If ``gamma`` is negative or infinite, or ``tau`` is not finite.
    """

    def __init__(
        self,
        gamma: float = 0.3,
        tau: float = 1.0,
        cls_num_list: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        if not 0 <= gamma < math.inf:
            raise UserError(f"gamma must be 0 or more, and finite, got {gamma}")
        if not math.isfinite(tau):
            raise UserError(f"tau must be a finite number, got {tau}")
        self.gamma = gamma
        self.tau = tau
        self.cls_num_list = cls_num_list

    def from_counts(self, counts: Tensor) -> Tensor:
        """Compute the logarithm of each class's share, of which both numbers follow."""
        return (counts / counts.sum()).log()

    def logits(self, score: Tensor, target: Tensor) -> Tensor:
        """Multiply and shift the scores (B, C)."""
        logit = bounded(score)
        log_share = self.per_class(logit)
        multiplier = (self.gamma * (log_share - log_share.max())).exp()
        return multiplier * logit + self.tau * log_share

    def removed_power(self, counts: Tensor) -> float:
        """Give ``tau``, whatever the counts."""
        return self.tau
