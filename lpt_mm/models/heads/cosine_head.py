"""A cosine classifier."""

import torch
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from lpt_mm.models.heads.long_tail_head import LongTailHead, works_on_cosines
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
        instance_loss: Config of the loss of the instance-balanced half of a dual batch;
            by default ``loss`` serves both halves.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        scale: float = 20.0,
        dropout: float = 0.1,
        loss: dict | nn.Module = dict(type="AsymmetricGCLLoss"),  # noqa: B006
        instance_loss: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            num_classes, in_channels, dropout, loss, instance_loss, init_cfg
        )
        self.scale = scale
        for module in (self.loss_module, self.instance_loss_module):
            if works_on_cosines(module):
                module.scale = scale
        # Gaussian columns point in uniformly distributed directions.
        weight = torch.randn(in_channels, num_classes)
        self.weight = nn.Parameter(F.normalize(weight, dim=0))

    def cosine(self, feature: Tensor) -> Tensor:
        """Compute the cosines (B, C) of features and class weights, in float32."""
        with torch.autocast(feature.device.type, enabled=False):
            return unit(feature, dim=1) @ unit(self.weight, dim=0)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Compute the scores (B, C) of the last feature (B, D)."""
        return self.scale * self.cosine(self.pre_logits(feats))

    def loss_scores(self, feature: Tensor, loss: nn.Module) -> Tensor:
        """Give the bare cosines to losses that work on them, else the scores."""
        cosine = self.cosine(feature)
        return cosine if works_on_cosines(loss) else self.scale * cosine
