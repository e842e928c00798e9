"""Cross-entropy on a softmax weighted by the class counts."""

from collections.abc import Sequence

from mmpretrain.registry import MODELS

from lpt_mm.models.losses.logit_adjusted_loss import LogitAdjustedLoss


@MODELS.register_module()
class BalancedSoftmaxLoss(LogitAdjustedLoss):
    """Cross-entropy on a softmax whose terms are weighted by the class counts.

    The probability of class j is ``n_j exp(s_j) / sum_i n_i exp(s_i)``, which is
    :class:`LogitAdjustedLoss` with ``tau = 1``: the logarithm of the count and that of
    the share differ by a constant, which the softmax does not see. Source: Balanced
    Meta-Softmax, theorem 1, https://arxiv.org/abs/2007.10740, without its meta-learned
    sampler.

    Args:
        cls_num_list: Training images per class, length C; ``ClassCountHook`` sets it.
    """

    def __init__(self, cls_num_list: Sequence[int] | None = None) -> None:
        super().__init__(tau=1.0, cls_num_list=cls_num_list)
