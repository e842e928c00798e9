"""Adapter: a small network after the feed-forward network."""

from mmpretrain.registry import MODELS
from torch import Tensor

from lpt_mm.models.tunings.bottleneck_mlp import BottleneckMLP


@MODELS.register_module()
class Adapter(BottleneckMLP):
    """Add ``W_up relu(W_down LN(m) + b_down) + b_up`` to a layer's output.

    m is what the frozen feed-forward network adds to the tokens. Sources: Parameter-
    Efficient Transfer Learning for NLP, section 2, https://arxiv.org/abs/1902.00751; in
    this form LIFT, https://arxiv.org/abs/2309.10019.

    Args:
        embed_dims: Width of the tokens, D.
        bottleneck: Width of the hidden layer, r.
    """

    follows_ffn = True

    def add_after_ffn(self, out: Tensor, found: Tensor) -> Tensor:
        """Add to ``out`` (B, N, D) what comes of the feed-forward network's output."""
        return out + self.compute(found)
