"""The functions of ``prompted_layer.py``, compiled."""

from collections.abc import Callable
from functools import wraps
from inspect import unwrap
from types import MethodType

import torch
from mmcv.cnn.bricks import DropPath
from mmcv.cnn.bricks.transformer import FFN
from torch import nn

from lpt_mm.models.backbones.prompted_layer import run_class_token, run_layer

# Training and validation, full and last batches, first and other layers are compiled
# apart: 20 variants of a function in phase 2, of which torch allows 8 by default.
MOST_VARIANTS = 64


def compile_layers(layers: nn.Module, **options: object) -> list[Callable]:
    """Give ``run_layer`` and ``run_class_token``, compiled when first used in some way.

    The layers, which are made traceable in place, share what ``torch.compile`` makes.
    """
    for module in layers.modules():
        _make_traceable(module)
    return [_compile(function, options) for function in (run_layer, run_class_token)]


def _compile(function: Callable, options: dict[str, object]) -> Callable:
    compiled = torch.compile(function, **options)

    @wraps(function)
    def run(*args: object) -> object:
        # This setting goes by this name in all versions. A function with more variants
        # is run as it is, with torch's warning.
        with torch._dynamo.config.patch(cache_size_limit=MOST_VARIANTS):
            return compiled(*args)

    return run


def _make_traceable(module: nn.Module) -> None:
    """Take away what torch cannot compile: NumPy's numbers, notices of mmcv."""
    if isinstance(module, DropPath):
        module.drop_prob = float(module.drop_prob)
    if isinstance(module, FFN):
        module.forward = MethodType(unwrap(type(module).forward), module)
