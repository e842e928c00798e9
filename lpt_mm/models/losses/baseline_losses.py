"""Other losses for long tails, to compare with."""

import math
from collections.abc import Sequence

import torch
from mmpretrain.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

from lpt_mm.models.losses.long_tail_loss import LongTailLoss, SoftmaxLoss
from lpt_mm.models.numerics import bounded, miss_probability
from lpt_mm.utils.errors import UserError


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
        if not 0 <= beta < 1:
            raise UserError(f"beta must be in [0, 1), got {beta}")
        self.beta = beta
        self.cls_num_list = cls_num_list

    def from_counts(self, counts: Tensor) -> Tensor:
        """Compute the weight of each class; their mean is 1."""
        # 1 - beta ** n is computed as -expm1(n log beta), exact for beta close to 1.
        log_beta = math.log(self.beta) if self.beta > 0 else -math.inf
        weight = -1 / torch.expm1(counts * log_beta)
        return weight / weight.mean()

    def image_losses(self, logit: Tensor, target: Tensor) -> Tensor:
        """Weight the entropies by the weights of the labels, (B,)."""
        return super().image_losses(logit, target) * self.per_class(logit)[target]


@MODELS.register_module()
class LDAMLoss(LongTailLoss):
    """Cross-entropy with a margin on the label's cosine, wider for rarer classes.

    The margin of a class of n images is ``max_margin * (n_min / n) ** (1 / 4)``; it
    acts in training mode only. Source: Learning Imbalanced Datasets with
    Label-Distribution-Aware Margin Loss, section 3.2,
    https://arxiv.org/abs/1906.07413, without its deferred re-weighting.

    Args:
        max_margin: Margin of the rarest class, in units of the cosine.
        scale: Multiplier of the cosine, unitless; set by the head that owns the loss.
        cls_num_list: Training images per class, length C; ``ClassCountHook`` sets it.
    """

    works_on_cosines = True

    def __init__(
        self,
        max_margin: float = 0.5,
        scale: float = 20.0,
        cls_num_list: Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.max_margin = max_margin
        self.scale = scale
        self.cls_num_list = cls_num_list

    def from_counts(self, counts: Tensor) -> Tensor:
        """Compute the margin of each class, in units of the cosine."""
        return self.max_margin * (counts.min() / counts) ** (1 / 4)

    def logits(self, cosine: Tensor, target: Tensor) -> Tensor:
        """Take the margin off the label's cosine, and scale all of them (B, C)."""
        if self.training:
            is_label = F.one_hot(target, cosine.shape[1])
            cosine = cosine - self.per_class(cosine) * is_label
        return bounded(self.scale * cosine)


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
