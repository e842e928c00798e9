"""A cosine classifier."""

import torch
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from lpt_mm.models.heads.long_tail_head import LongTailHead, works_on_cosines
from lpt_mm.models.loading import note_when_loaded
from lpt_mm.models.numerics import unit


@MODELS.register_module()
class CosineHead(LongTailHead):
    """Scores are ``scale * cos(feature, class weight)``; there is no bias.

    Losses that say ``works_on_cosines`` get the bare cosine and the head's scale; all
    others (such as ``CrossEntropyLoss``) get the scaled scores.

    Args:
        num_classes: Number of classes, C.
        in_channels: Width of the feature, D.
        scale: Multiplier of the cosine, unitless.
        dropout: Dropout rate of the feature in training.
        loss: Config of the loss.
        **kwargs: Keyword arguments of :class:`LongTailHead`: ``instance_loss``,
            ``init_cfg``, ``head_init`` and ``center``.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        scale: float = 20.0,
        dropout: float = 0.1,
        loss: dict | nn.Module = dict(type="AsymmetricGCLLoss"),  # noqa: B006
        **kwargs: object,
    ) -> None:
        super().__init__(num_classes, in_channels, dropout, loss, **kwargs)
        self.scale = scale
        for module in (self.loss_module, self.instance_loss_module):
            if works_on_cosines(module):
                module.scale = scale
        # Gaussian columns point in uniformly distributed directions.
        weight = torch.randn(in_channels, num_classes)
        self.weight = nn.Parameter(F.normalize(weight, dim=0))
        note_when_loaded(self, "weight_set", "weight")

    def cosine(self, feature: Tensor) -> Tensor:
        """Compute the cosines (B, C) of features and class weights, in float32."""
        with torch.autocast(feature.device.type, enabled=False):
            return unit(feature, dim=1) @ unit(self.weight, dim=0)

    def scores(self, feature: Tensor) -> Tensor:
        """Scale the cosines (B, C) of features (B, D)."""
        return self.scale * self.cosine(feature)

    def loss_scores(self, feature: Tensor, loss: nn.Module) -> Tensor:
        """Give the bare cosines to losses that work on them, else the scores."""
        return self.cosine(feature) if works_on_cosines(loss) else self.scores(feature)

    @torch.no_grad()
    def start_from(self, weight: Tensor) -> None:
        """Let training start from the directions of weights (C, D)."""
        self.weight.copy_(unit(weight, dim=1).T)
        self.weight_set = True
