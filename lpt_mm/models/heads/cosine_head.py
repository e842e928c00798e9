"""A classifier by cosine similarity."""

import torch
from mmpretrain.models.heads import ClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn
from torch.nn import functional as F

from lpt_mm.datasets.dual_sampler_dataset import INSTANCE_BALANCED
from lpt_mm.models.unit import unit


@MODELS.register_module()
class CosineHead(ClsHead):
    """Scores are ``scale * cos(feature, class weight)``; there is no bias.

    Losses that have a ``scale`` of their own work on the bare cosine and are given the
    head's scale; all others (such as ``CrossEntropyLoss``) get the scaled scores.

    Args:
        num_classes: Number of classes, C.
        in_channels: Width of the feature, D.
        scale: Multiplier of the cosine, unitless.
        dropout: Dropout rate of the feature in training.
        loss: Config of the loss.
        instance_loss: Config of the loss of the instance-balanced half of a dual batch;
            by default ``loss`` serves both halves.
        init_cfg: Initialisation config of mmengine.

    Raises:
        ValueError: If ``num_classes`` is below 2.
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
        if num_classes < 2:
            raise ValueError(f"num_classes must be at least 2, got {num_classes}")
        super().__init__(loss=loss, init_cfg=init_cfg)
        if isinstance(instance_loss, dict):
            instance_loss = MODELS.build(instance_loss)
        self.instance_loss_module = instance_loss
        self.num_classes = num_classes
        self.scale = scale
        self.dropout = nn.Dropout(dropout)
        for module in (self.loss_module, self.instance_loss_module):
            if hasattr(module, "scale"):
                module.scale = scale
        # Gaussian columns point in uniformly distributed directions.
        weight = torch.randn(in_channels, num_classes)
        self.weight = nn.Parameter(F.normalize(weight, dim=0))

    def cosine(self, feature: Tensor) -> Tensor:
        """Compute the cosine of each feature with each class weight.

        Args:
            feature: (B, D) features.

        Returns:
            (B, C) similarities in [-1, 1], in float32 or better.
        """
        with torch.autocast(feature.device.type, enabled=False):
            return unit(feature, dim=1) @ unit(self.weight, dim=0)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Compute the scores of the last feature.

        Args:
            feats: Features (B, D); only the last one is used.

        Returns:
            (B, C) scores, the scaled cosine.
        """
        return self.scale * self.cosine(self.pre_logits(feats))

    def loss(
        self, feats: tuple[Tensor, ...], data_samples: list[DataSample]
    ) -> dict[str, Tensor]:
        """Compute the loss of a batch, or of one half of a dual batch.

        Args:
            feats: Features (B, D); only the last one is used.
            data_samples: The B labels, all from the same sampling.

        Returns:
            The mean loss () under the key ``loss``.

        Raises:
            ValueError: If the labels are scores, as mixup and CutMix make them.
        """
        if "gt_score" in data_samples[0]:
            raise ValueError(
                "CosineHead needs class indices, got scores: "
                "remove batch_augments (mixup, CutMix) from the config"
            )
        module = self.loss_module
        if data_samples[0].get("sampling") == INSTANCE_BALANCED:
            module = self.instance_loss_module or module
        score = self.cosine(self.dropout(self.pre_logits(feats)))
        if not hasattr(module, "scale"):
            score = self.scale * score
        target = torch.cat([sample.gt_label for sample in data_samples])
        return dict(loss=module(score, target))
