"""The small network of both kinds of adapters."""

import math

from torch import Tensor, nn
from torch.nn import functional as F

from lpt_mm.models.tunings.tuning import Tuning


class BottleneckMLP(Tuning):
    """Base of tunings that add ``scale * W_up relu(W_down LN(x) + b_down) + b_up``.

    ``W_up`` and both biases start at 0. Its arguments are those of :class:`Tuning`.
    """

    def __init__(self, embed_dims: int, bottleneck: int) -> None:
        super().__init__(embed_dims, bottleneck)
        self.ln = nn.LayerNorm(embed_dims, eps=1e-5)
        self.down = nn.Linear(embed_dims, bottleneck)
        self.up = nn.Linear(bottleneck, embed_dims)
        nn.init.kaiming_normal_(self.down.weight, a=math.sqrt(5))
        for parameter in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(parameter)

    def compute(self, x: Tensor) -> Tensor:
        """Compute what is to be added, (B, N, D), of (B, N, D)."""
        # The parameters stay in float32, whatever the frozen layers are held in.
        shape, dtype = (self.embed_dims,), x.dtype
        normed = F.layer_norm(
            x, shape, self.ln.weight.to(dtype), self.ln.bias.to(dtype), self.ln.eps
        )
        hidden = F.relu(linear(normed, self.down))
        return linear(hidden, self.up)


def linear(x: Tensor, layer: nn.Linear) -> Tensor:
    """Apply a linear layer in the type of its input."""
    return F.linear(x, layer.weight.to(x.dtype), layer.bias.to(x.dtype))
