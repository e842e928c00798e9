"""Reading, checking and converting of weights."""

from lpt_mm.weights.pretrained_vit import PretrainedViT
from lpt_mm.weights.reading import WeightFileError

__all__ = ["PretrainedViT", "WeightFileError"]
