"""Reading, checking and converting of weights."""

from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.pretrained_vit import PretrainedViT

__all__ = ["PretrainedViT", "WeightFileError"]
