"""LoRA: changes of low rank to the projections of queries and values."""

import torch
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from lpt_mm.models.tunings.tuning import Tuning


@MODELS.register_module()
class LoRA(Tuning):
    """Add ``x A B / r`` to the queries and to the values of a layer's attention.

    x are the tokens after the first norm. Each of A (D, r) starts uniform between
    +-1 / sqrt(r), each of B (r, D) at 0. Sources: LoRA, section 4.1,
    https://arxiv.org/abs/2106.09685; in this form LIFT,
    https://arxiv.org/abs/2309.10019.

    Args:
        embed_dims: Width of the tokens, D.
        bottleneck: Rank of the changes, r.
    """

    def __init__(self, embed_dims: int, bottleneck: int) -> None:
        super().__init__(embed_dims, bottleneck)
        for name in ("query", "value"):
            start = torch.empty(embed_dims, bottleneck)
            nn.init.uniform_(start, -(bottleneck**-0.5), bottleneck**-0.5)
            setattr(self, f"{name}_a", nn.Parameter(start))
            zeros = torch.zeros(bottleneck, embed_dims)
            setattr(self, f"{name}_b", nn.Parameter(zeros))

    def add_to_query(self, query: Tensor, normed: Tensor) -> Tensor:
        """Add to the queries (..., D) of tokens after the first norm, (..., D)."""
        return query + self._project(normed, self.query_a, self.query_b)

    def add_to_value(self, value: Tensor, normed: Tensor) -> Tensor:
        """Add to the values (..., D) of tokens after the first norm, (..., D)."""
        return value + self._project(normed, self.value_a, self.value_b)

    def _project(self, normed: Tensor, a: Tensor, b: Tensor) -> Tensor:
        # The changes are too small for bfloat16 to add them to the frozen weights.
        return normed @ a.to(normed.dtype) @ (b / self.bottleneck).to(normed.dtype)
