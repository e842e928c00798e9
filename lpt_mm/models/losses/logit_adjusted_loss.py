"""Cross-entropy on scores that the class counts adjust."""

from collections.abc import Sequence

from mmpretrain.registry import MODELS
from torch import Tensor

from lpt_mm.models.losses.long_tail_loss import LongTailLoss
from lpt_mm.models.numerics import bounded


@MODELS.register_module()
class LogitAdjustedLoss(LongTailLoss):
    """Cross-entropy on scores plus ``tau`` times the logarithm of the class's share.

    What the frequency of a class explains, the scores need not: unadjusted, as they are
    predicted from, they are fair to rare classes. Source: Long-tail Learning via Logit
    Adjustment, equation 10, https://arxiv.org/abs/2007.07314. With ``tau = 1`` it
    equals :class:`BalancedSoftmaxLoss`.

    Args:
        tau: Strength of the adjustment; 0 gives cross-entropy.
        cls_num_list: Training images per class, length C; ``ClassCountHook`` sets it.
    """

    def __init__(
        self, tau: float = 1.0, cls_num_list: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        self.tau = tau
        self.cls_num_list = cls_num_list

    def from_counts(self, counts: Tensor) -> Tensor:
        """Compute what is added to the scores of each class."""
        return self.tau * (counts / counts.sum()).log()

    def logits(self, score: Tensor, target: Tensor) -> Tensor:
        """Adjust the scores (B, C)."""
        logit = bounded(score)
        return logit + self.per_class(logit)

    def removed_power(self, counts: Tensor) -> float:
        """Give ``tau``, whatever the counts."""
        return self.tau
