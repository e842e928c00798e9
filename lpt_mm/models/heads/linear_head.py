"""A linear classifier."""

import torch
from mmengine.model.weight_init import trunc_normal_
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from lpt_mm.models.heads.long_tail_head import LongTailHead, works_on_cosines
from lpt_mm.models.loading import note_when_loaded
from lpt_mm.models.numerics import unit
from lpt_mm.utils.errors import UserError

# The largest score of a feature of ordinary length where the weights start at class
# means: that of CosineHead. Scores in proportion to the lengths of features, which are
# in the dozens, would saturate the softmax from the first step on.
START_SCALE = 20.0


@MODELS.register_module()
class LinearHead(LongTailHead):
    """Scores are ``feature @ weight + bias``, as in linear probing and VPT.

    Beside mmpretrain's ``LinearClsHead`` it takes the losses of both halves of a dual
    batch, as ``CosineHead`` does. Losses on the cosine are refused. Source: Visual
    Prompt Tuning, https://arxiv.org/abs/2203.12119.

    Args:
        num_classes: Number of classes, C.
        in_channels: Width of the feature, D.
        dropout: Dropout rate of the feature in training.
        loss: Config of the loss.
        **kwargs: Keyword arguments of :class:`LongTailHead`: ``instance_loss``,
            ``init_cfg``, ``head_init`` and ``center``.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        dropout: float = 0.0,
        loss: dict | nn.Module = dict(type="CrossEntropyLoss"),  # noqa: B006
        **kwargs: object,
    ) -> None:
        super().__init__(num_classes, in_channels, dropout, loss, **kwargs)
        for module in (self.loss_module, self.instance_loss_module):
            if works_on_cosines(module):
                raise UserError(
                    f"{type(module).__name__} works on cosines: use CosineHead, or "
                    "another loss with LinearHead"
                )
        self.fc = nn.Linear(in_channels, num_classes)
        trunc_normal_(self.fc.weight, std=0.02)
        nn.init.zeros_(self.fc.bias)
        note_when_loaded(self, "weight_set", "fc.weight")

    def scores(self, feature: Tensor) -> Tensor:
        """Compute the scores (B, C) of features (B, D)."""
        return self.fc(feature)

    @torch.no_grad()
    def start_from(self, weight: Tensor) -> None:
        """Let training start from weights (C, D) as they are, without a bias."""
        self.fc.weight.copy_(weight)
        nn.init.zeros_(self.fc.bias)
        self.weight_set = True

    def weight_of_means(self, means: Tensor, length: float) -> Tensor:
        """Scale mean features (C, D) so that scores start as those of a cosine head.

        A feature of the mean ``length`` has ``START_SCALE`` times its cosines.
        """
        return START_SCALE / length * unit(means, dim=1)
