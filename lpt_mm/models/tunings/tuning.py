"""What is trained beside a frozen layer."""

from torch import Tensor, nn

from lpt_mm.utils.errors import UserError
from lpt_mm.weights.facts import is_count


class Tuning(nn.Module):
    """Base of small parts that are trained beside one frozen transformer layer.

    A subclass adds something in one or more places of the layer, and nothing in the
    others. It computes in the type of what it is given, and starts as a layer without
    it.

    Args:
        embed_dims: Width of the tokens, D.
        bottleneck: Its inner width, r.
    """

    # Whether :meth:`add_after_ffn` adds anything.
    follows_ffn = False

    def __init__(self, embed_dims: int, bottleneck: int) -> None:
        super().__init__()
        if not is_count(bottleneck) or bottleneck < 1:
            raise UserError(
                "tunings: bottleneck must be a whole number, at least 1, got "
                f"{bottleneck!r}"
            )
        self.embed_dims = embed_dims
        self.bottleneck = bottleneck

    def add_to_query(self, query: Tensor, normed: Tensor) -> Tensor:
        """Add to the queries (..., D) of tokens after the first norm, (..., D)."""
        return query

    def add_to_value(self, value: Tensor, normed: Tensor) -> Tensor:
        """Add to the values (..., D) of tokens after the first norm, (..., D)."""
        return value

    def add_beside_ffn(self, out: Tensor, tokens: Tensor) -> Tensor:
        """Add to ``out`` (B, N, D) what comes of the tokens before the second norm."""
        return out

    def add_after_ffn(self, out: Tensor, found: Tensor) -> Tensor:
        """Add to ``out`` (B, N, D) what comes of the feed-forward network's output."""
        return out
