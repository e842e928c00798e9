"""Class-balanced loss."""

import math
from collections.abc import Sequence

import torch
from mmpretrain.models.losses.utils import weight_reduce_loss
from mmpretrain.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

from lpt_mm.models.losses.long_tail_loss import LongTailLoss
from lpt_mm.models.losses.stability import at_least_float32, bounded
from lpt_mm.utils.errors import UserError


@MODELS.register_module()
class ClassBalancedLoss(LongTailLoss):
    """Cross-entropy weighted by the inverse effective number of the label's images.

    The effective number of n images is ``(1 - beta ** n) / (1 - beta)``: 1 for
    ``beta = 0``, and close to n for ``beta`` close to 1. The weights have the mean 1
    over the classes. Source: Class-Balanced Loss Based on Effective Number of Samples,
    proposition 1 and section 4.1, https://arxiv.org/abs/1901.05555. Scores beyond
    ``LARGEST_LOGIT`` count as this.

    Args:
        beta: From 0, where it is cross-entropy, to below 1.
        cls_num_list: Training images per class, length C, all positive; set by
            :class:`lpt_mm.engine.hooks.ClassCountHook` when training.

    Raises:
        UserError: If ``beta`` is not in [0, 1), or a class has no training image.
    """

    def __init__(
        self, beta: float = 0.9999, cls_num_list: Sequence[int] | None = None
    ) -> None:
        super().__init__()
        if not 0 <= beta < 1:
            raise UserError(f"beta must be in [0, 1), got {beta}")
        self.beta = beta
        self.cls_num_list = cls_num_list

    def from_counts(self, counts: Tensor) -> Tensor:
        """Compute the weight of each class.

        Args:
            counts: (C,) training images per class, float64.

        Returns:
            (C,) weights of mean 1.
        """
        # 1 - beta ** n is computed as -expm1(n log beta), exact for beta close to 1.
        log_beta = math.log(self.beta) if self.beta > 0 else -math.inf
        weight = -1 / torch.expm1(counts * log_beta)
        return weight / weight.mean()

    def forward(
        self, score: Tensor, target: Tensor, avg_factor: int | None = None
    ) -> Tensor:
        """Compute the mean loss.

        Args:
            score: (B, C) logits.
            target: (B,) int64 class indices.
            avg_factor: What the weighted sum is divided by; B by default.

        Returns:
            () mean loss, in float32 or better.

        Raises:
            UserError: If the class counts are unknown.
        """
        logit = bounded(at_least_float32(score))
        weight = self.per_class(logit)[target]
        entropy = F.cross_entropy(logit, target, reduction="none")
        return weight_reduce_loss(entropy, weight, avg_factor=avg_factor)
