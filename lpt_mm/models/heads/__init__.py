"""Heads."""

from lpt_mm.models.heads.cosine_head import CosineHead
from lpt_mm.models.heads.feature_bank_heads import (
    NearestClassMeanHead,
    NearestNeighborHead,
)
from lpt_mm.models.heads.linear_head import LinearHead

__all__ = [
    "CosineHead",
    "LinearHead",
    "NearestClassMeanHead",
    "NearestNeighborHead",
]
