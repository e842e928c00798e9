"""Classifiers that compare with stored features, without any training."""

from typing import NoReturn

import torch
from mmpretrain.models.heads import ClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor
from torch.nn import functional as F

from lpt_mm.models.numerics import require_finite, unit
from lpt_mm.utils.errors import UserError

TEMPERATURE = 0.07
# Similarities computed at a time, so that large banks do not fill the memory.
QUERIES_AT_A_TIME = 256


class FeatureBankHead(ClsHead):
    """Base of heads that classify by the features of the training images.

    ``FeatureBankHook`` fills the bank before a test, a pack brings it. Subclasses
    define ``forward``, and document the arguments.
    """

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


@MODELS.register_module()
class NearestClassMeanHead(FeatureBankHead):
    """Scores are ``scale * cos(feature, mean feature of the class)``.

    Features have unit length before the mean is taken. Source: Distance-Based Image
    Classification, https://inria.hal.science/hal-00817211; for long-tailed data
    https://arxiv.org/abs/1910.09217, section 4.

    Args:
        num_classes: Number of classes, C.
        in_channels: Width of the feature, D.
        scale: Multiplier of the cosine, unitless; it changes the confidence alone.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        scale: float = 20.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(num_classes, in_channels, init_cfg)
        self.scale = scale

    def fill(self, feature: Tensor, label: Tensor) -> None:
        """Store the mean features of the classes."""
        super().fill(feature, label)
        total = self.bank.new_zeros(self.num_classes, self.in_channels)
        total.index_add_(0, self.bank_label, self.bank)
        self.bank = unit(total, dim=1)
        self.bank_label = torch.arange(self.num_classes, device=total.device)

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Compute the scores (B, C) of the last feature (B, D)."""
        return self.scale * self.query(feats) @ self.bank.T


@MODELS.register_module()
class NearestNeighborHead(FeatureBankHead):
    """Vote of the most similar training images, weighted by their similarity.

    A neighbour of cosine s has the weight ``exp(s / 0.07)``. Source: Unsupervised
    Feature Learning via Non-Parametric Instance Discrimination, section 3.4,
    https://arxiv.org/abs/1805.01978.

    Args:
        num_classes: Number of classes, C.
        in_channels: Width of the feature, D.
        num_neighbors: How many training images vote; all, if there are fewer.
        init_cfg: Initialisation config of mmengine.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        num_neighbors: int = 10,
        init_cfg: dict | None = None,
    ) -> None:
        if num_neighbors < 1:
            raise UserError(f"num_neighbors must be at least 1, got {num_neighbors}")
        super().__init__(num_classes, in_channels, init_cfg)
        self.num_neighbors = num_neighbors

    def forward(self, feats: tuple[Tensor, ...]) -> Tensor:
        """Compute the logarithms (B, C) of the shares of the vote; -50 for none."""
        query = self.query(feats)
        is_free = not isinstance(query.shape[0], int)  # the batch size of an export
        parts = [query] if is_free else query.split(QUERIES_AT_A_TIME)
        share = F.normalize(torch.cat([self._vote(x) for x in parts]), p=1, dim=1)
        return share.log().clamp_min(-50.0)

    def _vote(self, query: Tensor) -> Tensor:
        """Add up the weights of the neighbours by class, (B, C)."""
        similarity = query @ self.bank.T
        nearest, index = similarity.topk(min(self.num_neighbors, len(self.bank)), dim=1)
        weight = torch.exp((nearest - nearest[:, :1]) / TEMPERATURE)
        votes = query.new_zeros(query.shape[0], self.num_classes)
        return votes.scatter_add_(1, self.bank_label[index], weight)
