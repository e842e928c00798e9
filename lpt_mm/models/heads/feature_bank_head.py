"""What classifiers that compare with stored features share."""

from typing import ClassVar, NoReturn

import torch
from mmpretrain.models.heads import ClsHead
from mmpretrain.structures import DataSample
from torch import Tensor

from lpt_mm.models.numerics import require_finite, unit
from lpt_mm.utils.errors import UserError


class FeatureBankHead(ClsHead):
    """Base of heads that classify by the features of the training images.

    ``FeatureBankHook`` fills the bank before a test, a pack brings it. Subclasses
    define ``forward``, and document the arguments. A class is held to be as frequent
    as its images to the power ``prior_power``.
    """

    prior_power: ClassVar[float] = 0.0

    def __init__(
        self, num_classes: int, in_channels: int, init_cfg: dict | None = None
    ) -> None:
        super().__init__(loss=dict(type="CrossEntropyLoss"), init_cfg=init_cfg)
        self.num_classes = num_classes
        self.in_channels = in_channels
        self.register_buffer("bank", None)  # (N, D)
        self.register_buffer("bank_label", None)  # (N,)
        self.register_load_state_dict_pre_hook(_make_room)

    def make_room(self, num_features: int) -> None:
        """Make a bank that a state of so many features can be loaded into."""
        device = self.bank.device if self.bank is not None else None
        self.bank = torch.zeros(num_features, self.in_channels, device=device)
        self.bank_label = torch.zeros(num_features, dtype=torch.int64, device=device)

    def fill(self, feature: Tensor, label: Tensor) -> None:
        """Store the features (number of training images, D), and their labels."""
        require_finite(feature, "training images")
        self.bank = unit(feature, dim=1)
        self.bank_label = label.to(feature.device)

    def query(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Scale the last feature (B, D) to unit length, to compare it."""
        if self.bank is None:
            raise UserError(
                f"{type(self).__name__} has no features to compare with: add "
                "dict(type='FeatureBankHook') to custom_hooks and test with the tools"
            )
        return unit(self.pre_logits(feats), dim=1)

    def loss(
        self, feats: tuple[Tensor, ...], data_samples: list[DataSample]
    ) -> NoReturn:
        """Refuse to train."""
        raise UserError(
            f"{type(self).__name__} has nothing to train: run tools/test.py CONFIG"
        )


def _make_room(
    head: FeatureBankHead, state_dict: dict[str, Tensor], prefix: str, *_: object
) -> None:
    bank = state_dict.get(f"{prefix}bank")
    if bank is not None and bank.ndim == 2:
        head.make_room(len(bank))
