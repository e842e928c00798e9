"""What the losses share, and those of them that know the class counts."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from mmpretrain.models.losses.utils import weight_reduce_loss
from torch import Tensor, nn
from torch.nn import functional as F

from lpt_mm.models.numerics import at_least_float32, bounded
from lpt_mm.utils.errors import UserError


class SoftmaxLoss(nn.Module):
    """Base of losses that are a mean over images; cross-entropy if nothing is added.

    Subclasses define :meth:`logits`, :meth:`image_losses` or both. Loss and gradient
    are finite for all finite scores: they are computed in float32 at least, and scores
    beyond ``LARGEST_LOGIT`` count as this and have no gradient.

    Attributes:
        works_on_cosines: Whether it takes bare cosines, and multiplies them by its own
            ``scale``; only ``CosineHead`` can give them.
        class_weight: (C,) weights of the images by their labels, or None for 1;
            :class:`lpt_mm.engine.hooks.DeferredReweightHook` sets them.
    """

    works_on_cosines = False

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("class_weight", None, persistent=False)

    def forward(
        self,
        score: Tensor,
        target: Tensor,
        *more: Tensor,
        avg_factor: int | None = None,
    ) -> Tensor:
        """Compute the mean loss.

        Args:
            score: (B, C) scores, or cosines in [-1, 1] where ``works_on_cosines``.
            target: (B,) int64 class indices.
            *more: What else :meth:`logits` takes.
            avg_factor: What the sum is divided by; by default B, or the sum of the
                weights of the images.

        Returns:
            () mean loss, in float32 or better.
        """
        logit = self.logits(at_least_float32(score), target, *more)
        losses = self.image_losses(logit, target)
        if self.class_weight is not None:
            # The weights come after the model has moved: follow it, once.
            self.class_weight = self.class_weight.to(losses)
            weight = self.class_weight[target]
            losses = losses * weight
            if avg_factor is None:
                return losses.sum() / weight.sum()
        return weight_reduce_loss(losses, avg_factor=avg_factor)

    def logits(self, score: Tensor, target: Tensor) -> Tensor:
        """Compute what enters the softmax, (B, C)."""
        return bounded(score)

    def image_losses(self, logit: Tensor, target: Tensor) -> Tensor:
        """Compute the loss of each image, (B,), from the logits (B, C)."""
        return F.cross_entropy(logit, target, reduction="none")

    def removed_power(self, counts: Tensor) -> float:
        """Tell which power of the counts (C,) the scores need not explain.

        It is 0 where scores are fitted to how often the loss sees the classes, and 1
        where they are as if all classes came equally often.
        """
        return 0.0


def power_of(values: Tensor, counts: Tensor) -> float:
    """Fit ``power * log(counts)`` to logarithms (C,) and a constant; give the power."""
    log_counts = counts.log() - counts.log().mean()
    spread = log_counts.square().sum()
    return float(log_counts @ values / spread) if spread > 0 else 0.0


class LongTailLoss(SoftmaxLoss, ABC):
    """Base of losses that work with a number per class, made from the class counts.

    Subclasses define :meth:`from_counts`, and set ``cls_num_list`` after their options,
    on which it depends. When training, :class:`lpt_mm.engine.hooks.ClassCountHook` sets
    the counts.
    """

    def __init__(self) -> None:
        super().__init__()
        self._cls_num_list: list[int] | None = None
        self.register_buffer("_per_class", None, persistent=False)

    @property
    def cls_num_list(self) -> list[int] | None:
        """Training images per class, length C."""
        return self._cls_num_list

    @cls_num_list.setter
    def cls_num_list(self, counts: Sequence[int] | None) -> None:
        if counts is None:
            self._cls_num_list = self._per_class = None
            return
        if min(counts) < 1:
            empty = [i for i, count in enumerate(counts) if count < 1]
            raise UserError(f"cls_num_list: no training image in classes {empty}")
        self._cls_num_list = list(counts)
        self._per_class = self.from_counts(torch.tensor(counts, dtype=torch.float64))

    @abstractmethod
    def from_counts(self, counts: Tensor) -> Tensor:
        """Compute the number of each class, (C,), from the counts (C,) float64."""

    def per_class(self, score: Tensor) -> Tensor:
        """Give the number of each class, (C,), on device and in type of the scores."""
        if self._per_class is None:
            raise UserError(
                f"{type(self).__name__} needs the class counts: add "
                "dict(type='ClassCountHook') to custom_hooks or set cls_num_list"
            )
        if len(self._per_class) != score.shape[1]:
            raise UserError(
                f"cls_num_list has {len(self._per_class)} classes but the scores have "
                f"{score.shape[1]}: give one count per class"
            )
        # The counts come after the model has moved: follow it, once.
        self._per_class = self._per_class.to(score)
        return self._per_class
