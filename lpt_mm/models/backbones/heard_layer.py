"""Layers that someone listens to, by hooks of torch's modules.

Grad-CAM is one of the listeners: https://arxiv.org/abs/1610.02391.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from mmpretrain.models.backbones.vision_transformer import TransformerEncoderLayer
from torch import Tensor, nn

from lpt_mm.models.backbones.prompted_layer import attend, feed_forward
from lpt_mm.models.tunings.tuning import Tuning

HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
)


def is_heard(module: nn.Module) -> bool:
    """Tell whether a module or any part of it has a hook."""
    parts = [module]
    for part in parts:  # a third of the time of part.modules(), in every pass
        if (
            part._forward_hooks
            or part._forward_pre_hooks
            or part._backward_hooks
            or part._backward_pre_hooks
        ):
            return True
        parts.extend(part._modules.values())
    return False


@contextmanager
def silenced(module: nn.Module) -> Iterator[None]:
    """Run no hooks of a module and its parts in the meantime."""
    hooks = [
        (part, name, getattr(part, name)) for part in module.modules() for name in HOOKS
    ]
    try:
        for part, name, _ in hooks:
            setattr(part, name, OrderedDict())
        yield
    finally:
        for part, name, own in hooks:
            setattr(part, name, own)


def run_heard_layer(
    layer: TransformerEncoderLayer,
    tokens: Tensor,
    prompts: list[Tensor],
    tunings: Iterable[Tuning] = (),
) -> Tensor:
    """Run a layer as ``run_layer`` does, through calls of the layer and its parts.

    Hooks see what they would see in a layer without prompts. All parts are called but
    the projection ``attn.qkv`` and the dropout of the scores, which stay fused.
    """

    def run_attention(normed: Tensor) -> Tensor:
        return attend(layer, normed, prompts, tunings)

    def run(tokens: Tensor) -> Tensor:
        tokens = tokens + _call(layer.attn, run_attention, layer.ln1(tokens))
        return feed_forward(layer, tokens, tunings)

    return _call(layer, run, tokens)


def _call(module: nn.Module, forward: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Call a module, and so its hooks, with another forward function."""
    own = vars(module).get("forward")
    module.forward = forward
    try:
        return module(x)
    finally:
        del module.forward
        if own is not None:
            module.forward = own
