"""AdaptFormer: a small network beside the feed-forward network."""

import torch
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from lpt_mm.models.tunings.bottleneck_mlp import BottleneckMLP


@MODELS.register_module()
class AdaptFormer(BottleneckMLP):
    """Add ``scale * (W_up relu(W_down LN(h) + b_down) + b_up)`` to a layer's output.

    h are the tokens that the frozen feed-forward network and its norm get; the scale
    is one number, trained from 1. Sources: AdaptFormer, section 3.2,
    https://arxiv.org/abs/2205.13535; in this form LIFT, https://arxiv.org/abs/2309.10019,
    which norms the tokens and trains the scale.

    Args:
        embed_dims: Width of the tokens, D.
        bottleneck: Width of the hidden layer, r.
    """

    def __init__(self, embed_dims: int, bottleneck: int) -> None:
        super().__init__(embed_dims, bottleneck)
        self.scale = nn.Parameter(torch.ones(()))

    def add_beside_ffn(self, out: Tensor, tokens: Tensor) -> Tensor:
        """Add to ``out`` (B, N, D) what comes of the tokens before the second norm."""
        return out + self.scale.to(tokens.dtype) * self.compute(tokens)
