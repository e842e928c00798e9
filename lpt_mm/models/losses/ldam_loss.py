"""Cross-entropy with margins that depend on the class counts."""

from collections.abc import Sequence

from mmpretrain.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

from lpt_mm.models.losses.long_tail_loss import LongTailLoss
from lpt_mm.models.numerics import bounded


@MODELS.register_module()
class LDAMLoss(LongTailLoss):
    """Cross-entropy with a margin on the label's cosine, wider for rarer classes.

    The margin of a class of n images is ``max_margin * (n_min / n) ** (1 / 4)``; it
    acts in training mode only. Source: Learning Imbalanced Datasets with
    Label-Distribution-Aware Margin Loss, section 3.2,
    https://arxiv.org/abs/1906.07413; with ``DeferredReweightHook`` it is the paper's
    LDAM-DRW.

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
