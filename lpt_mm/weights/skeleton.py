"""Models that are built only to be looked at."""

from copy import deepcopy

import torch
from mmpretrain.registry import MODELS
from torch import nn


def build_skeleton(model: dict) -> nn.Module:
    """Build the model of a config on the device ``meta``: names and shapes, no values.

    One that computes with tensors when it is built is built on the CPU. The config is
    left as it is, although some parts of mmpretrain (batch augmentation) change theirs.
    """
    try:
        with torch.device("meta"):
            return MODELS.build(deepcopy(model))
    except RuntimeError:
        return MODELS.build(deepcopy(model))
