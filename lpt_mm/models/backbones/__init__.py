"""Backbones."""

from lpt_mm.models.backbones.prompted_vit import PromptedViT

__all__ = ["PromptedViT"]
