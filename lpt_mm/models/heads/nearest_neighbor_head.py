"""K nearest neighbours: no training."""

import torch
from mmpretrain.registry import MODELS
from torch import Tensor
from torch.nn import functional as F

from lpt_mm.models.heads.feature_bank_head import FeatureBankHead
from lpt_mm.utils.errors import UserError

TEMPERATURE = 0.07
# Similarities computed at a time, so that large banks do not fill the memory.
QUERIES_AT_A_TIME = 256


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

    prior_power = 1.0  # the more images a class has, the more of them vote

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
