"""Heads."""

from lpt_mm.models.heads.cosine_head import CosineHead

__all__ = ["CosineHead"]
