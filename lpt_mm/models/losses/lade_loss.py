"""Balanced softmax whose scores estimate a ratio of densities."""

import math
from collections.abc import Sequence

import torch
from mmpretrain.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

from lpt_mm.models.losses.balanced_softmax_loss import BalancedSoftmaxLoss
from lpt_mm.models.numerics import at_least_float32, bounded
from lpt_mm.utils.errors import UserError


@MODELS.register_module()
class LADELoss(BalancedSoftmaxLoss):
    """Balanced softmax plus ``alpha`` times a bound on how well scores fit each class.

    With f_c the score of class c, u the distribution of images whose labels are evenly
    distributed, and E_u estimated by the images of the batch, weighted by 1 / (C times
    the share of their label), the regulariser of class c is

    ``- mean of f_c over its images + log E_u[exp f_c] + lambda (log E_u[exp f_c])**2``,

    a Donsker-Varadhan bound, at its optimum for f_c = log p(x | c) / p_u(x). Classes
    count by their shares; those without an image in the batch have no estimate, and are
    left out. It is a number per batch, to be used with instance-balanced sampling.
    Source: Disentangling Label Distribution for Long-tailed Visual Recognition,
    https://arxiv.org/abs/2012.00321, for evenly distributed labels in testing.

    Args:
        alpha: Weight of the regulariser; 0 gives :class:`BalancedSoftmaxLoss`.
        reg_weight: lambda, the weight of the square, which keeps the scores near those
            of normalised densities.
        cls_num_list: Training images per class, length C; ``ClassCountHook`` sets it.

    Raises:
        UserError: If ``alpha`` or ``reg_weight`` is negative or infinite.
    """

    def __init__(
        self,
        alpha: float = 0.1,
        reg_weight: float = 0.1,
        cls_num_list: Sequence[int] | None = None,
    ) -> None:
        for name, value in (("alpha", alpha), ("reg_weight", reg_weight)):
            if not 0 <= value < math.inf:
                raise UserError(f"{name} must be 0 or more, and finite, got {value}")
        super().__init__(cls_num_list)
        self.alpha = alpha
        self.reg_weight = reg_weight

    def forward(
        self,
        score: Tensor,
        target: Tensor,
        *more: Tensor,
        avg_factor: int | None = None,
    ) -> Tensor:
        """Compute the mean entropy as :class:`SoftmaxLoss`, and add the regulariser."""
        entropy = super().forward(score, target, *more, avg_factor=avg_factor)
        return entropy + self.alpha * self.regulariser(score, target)

    def regulariser(self, score: Tensor, target: Tensor) -> Tensor:
        """Add up the bounds of the batch's classes by their shares, ()."""
        f = bounded(at_least_float32(score))
        log_share = self.per_class(f)
        log_weight = -log_share[target] - math.log(f.numel())  # 1 / (B C share)
        log_mean = torch.logsumexp(f + log_weight[:, None], dim=0)  # (C,)
        is_label = F.one_hot(target, f.shape[1]).to(f)
        images = is_label.sum(dim=0)
        own_mean = (f * is_label).sum(dim=0) / images.clamp_min(1)
        bound = log_mean - own_mean + self.reg_weight * log_mean**2
        return (log_share.exp() * bound)[images > 0].sum()
