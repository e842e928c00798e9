"""Models that are built only to be looked at."""

import torch
from mmpretrain.registry import MODELS
from torch import nn


def build_skeleton(model: dict) -> nn.Module:
    """Build the model of a config on the device ``meta``: names and shapes, no values.

    One that computes with tensors when it is built is built on the CPU.
    """
    try:
        with torch.device("meta"):
            return MODELS.build(model)
    except RuntimeError:
        return MODELS.build(model)
