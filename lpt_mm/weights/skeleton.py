"""Models that are built only to be looked at."""

import torch
from mmpretrain.registry import MODELS
from torch import nn


def build_skeleton(model: dict) -> nn.Module:
    """Build a model that takes no memory, where that is possible.

    Args:
        model: Config of the model.

    Returns:
        The model, on the device ``meta``: names, shapes and settings, but no values. A
        backbone that computes with tensors when it is built is built on the CPU.
    """
    try:
        with torch.device("meta"):
            return MODELS.build(model)
    except RuntimeError:
        return MODELS.build(model)
