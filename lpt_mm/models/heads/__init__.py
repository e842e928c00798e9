"""Heads."""

from lpt_mm.models.heads.feature_bank_heads import (
    NearestClassMeanHead,
    NearestNeighborHead,
)
from lpt_mm.models.heads.long_tail_heads import CosineHead, LinearHead

__all__ = [
    "CosineHead",
    "LinearHead",
    "NearestClassMeanHead",
    "NearestNeighborHead",
]
