"""Reading and checking of weights."""

from lpt_mm.weights.pretrained_vit import PretrainedViT

__all__ = ["PretrainedViT"]
