"""Heads."""

from lpt_mm.models.heads.cosine_head import CosineHead
from lpt_mm.models.heads.gda_head import GDAHead
from lpt_mm.models.heads.linear_head import LinearHead
from lpt_mm.models.heads.nearest_class_mean_head import NearestClassMeanHead
from lpt_mm.models.heads.nearest_neighbor_head import NearestNeighborHead

__all__ = [
    "CosineHead",
    "GDAHead",
    "LinearHead",
    "NearestClassMeanHead",
    "NearestNeighborHead",
]
