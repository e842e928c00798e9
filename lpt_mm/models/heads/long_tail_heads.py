"""Heads with a loss for either half of a dual batch."""

import torch
from mmengine.model.weight_init import trunc_normal_
from mmpretrain.models.heads import ClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch.nn import functional as F

from lpt_mm.datasets.dual_sampler_dataset import INSTANCE_BALANCED
from lpt_mm.models.numerics import unit
from lpt_mm.utils.errors import UserError


class LongTailHead(ClsHead):
    """Base of heads that own the losses of both halves of a dual batch.

    Subclasses define ``forward``, the scores that are predicted from, and may define
    :meth:`loss_scores`; they document the arguments.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        dropout: float,
        loss: dict | nn.Module,
        instance_loss: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        if num_classes < 2:
            raise UserError(f"num_classes must be at least 2, got {num_classes}")
        super().__init__(loss=loss, init_cfg=init_cfg)
        if isinstance(instance_loss, dict):
            instance_loss = MODELS.build(instance_loss)
        self.instance_loss_module = instance_loss
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.dropout = nn.Dropout(dropout)

    def loss(
        self, feats: tuple[Tensor, ...], data_samples: list[DataSample]
    ) -> dict[str, Tensor]:
        """Compute the mean loss of a batch, or of one half of a dual batch."""
        if "gt_score" in data_samples[0]:
            raise UserError(
                f"{type(self).__name__} needs class indices, got scores: "
                "remove batch_augments (mixup, CutMix) from the config"
            )
        module = self.loss_module
        if data_samples[0].get("sampling") == INSTANCE_BALANCED:
            module = self.instance_loss_module or module
        score = self.loss_scores(self.dropout(self.pre_logits(feats)), module)
        target = torch.cat([sample.gt_label for sample in data_samples])
        return dict(loss=module(score, target))

    def loss_scores(self, feature: Tensor, loss: nn.Module) -> Tensor:
        """Compute what a loss works on, (B, C), from the features after dropout."""
        return self((feature,))


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
        instance_loss: Config of the loss of the instance-balanced half of a dual batch;
            by default ``loss`` serves both halves.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        dropout: float = 0.0,
        loss: dict | nn.Module = dict(type="CrossEntropyLoss"),  # noqa: B006
        instance_loss: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(
            num_classes, in_channels, dropout, loss, instance_loss, init_cfg
        )
        for module in (self.loss_module, self.instance_loss_module):
            if works_on_cosines(module):
                raise UserError(
                    f"{type(module).__name__} works on cosines: use CosineHead, or "
                    "another loss with LinearHead"
                )
        self.fc = nn.Linear(in_channels, num_classes)
        trunc_normal_(self.fc.weight, std=0.02)
        nn.init.zeros_(self.fc.bias)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Compute the scores (B, C) of the last feature (B, D)."""
        return self.fc(self.pre_logits(feats))


def works_on_cosines(loss: nn.Module | None) -> bool:
    """Tell whether a loss takes bare cosines, as a ``LongTailLoss`` may say."""
    return getattr(loss, "works_on_cosines", False)
