"""A linear classifier."""

from mmengine.model.weight_init import trunc_normal_
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from lpt_mm.models.heads.long_tail_head import LongTailHead, works_on_cosines
from lpt_mm.utils.errors import UserError


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
