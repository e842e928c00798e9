"""What heads with a loss for either half of a dual batch share."""

import torch
from mmpretrain.models.heads import ClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from lpt_mm.datasets.dual_sampler_dataset import INSTANCE_BALANCED
from lpt_mm.models.centering import Centered
from lpt_mm.models.numerics import unit
from lpt_mm.utils.errors import UserError


class LongTailHead(Centered, ClsHead):
    """Base of heads that own the losses of both halves of a dual batch.

    Subclasses define :meth:`scores` and :meth:`start_from`, and may define
    :meth:`loss_scores` and :meth:`weight_of_means`. ``weight_set`` tells whether the
    weights are where they are to start, or a state brought them.

    Args:
        num_classes: Number of classes, C.
        in_channels: Width of the feature, D.
        dropout: Dropout rate of the feature in training.
        loss: Config of the loss.
        instance_loss: Config of the loss of the instance-balanced half of a dual batch;
            by default ``loss`` serves both halves.
        init_cfg: Initialisation config of mmengine.
        head_init: Where the weights start: None for at random; ``'class_means'``, the
            mean features of the classes, or a file with ``weight`` (C, D), which
            ``HeadInitHook`` then sets.
        center: Whether to take the mean feature of the training images, which
            ``HeadInitHook`` finds, off all features.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        dropout: float,
        loss: dict | nn.Module,
        instance_loss: dict | nn.Module | None = None,
        init_cfg: dict | None = None,
        head_init: str | None = None,
        center: bool = False,
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
        self.head_init = head_init
        self.weight_set = head_init is None
        self.init_center(center, in_channels)

    def pre_logits(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Take the last feature (B, D), centred if the head is to."""
        return self.centered(super().pre_logits(feats))

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Compute the scores (B, C) of the last feature (B, D)."""
        return self.scores(self.pre_logits(feats))

    def scores(self, feature: Tensor) -> Tensor:
        """Compute the scores (B, C) of :meth:`pre_logits`."""
        raise NotImplementedError

    def start_from(self, weight: Tensor) -> None:
        """Let training start from weights (C, D)."""
        raise NotImplementedError

    def weight_of_means(self, means: Tensor, length: float) -> Tensor:
        """Turn mean features (C, D) of the classes into weights (C, D) to start from.

        ``length`` is the mean length of a feature.
        """
        return unit(means, dim=1)

    def loss(
        self, feats: tuple[Tensor, ...], data_samples: list[DataSample]
    ) -> dict[str, Tensor]:
        """Compute the mean loss of a batch, or of one half of a dual batch."""
        if not self.weight_set:
            raise UserError(
                f"head_init={self.head_init!r}, but nothing has set the weights of the "
                f"{type(self).__name__}: add dict(type='HeadInitHook') to custom_hooks "
                "or set head_init=None"
            )
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
        return self.scores(feature)


def works_on_cosines(loss: nn.Module | None) -> bool:
    """Tell whether a loss takes bare cosines, as a ``LongTailLoss`` may say."""
    return getattr(loss, "works_on_cosines", False)
