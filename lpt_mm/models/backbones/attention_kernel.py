"""Attention by the kernel that is fastest where it runs."""

import torch
from torch import Tensor
from torch.nn import functional as F

HAS_AMX = torch.cpu._is_amx_tile_supported()  # no public name before torch 2.9


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    dropout: float = 0.0,
    scale: float | None = None,
) -> Tensor:
    """Average the values by how well their keys go with each query.

    Args:
        query: (B, heads, queries, d).
        key: (B, heads, keys, d).
        value: (B, heads, keys, d).
        mask: Added to the scores, broadcast to (B, heads, queries, keys).
        dropout: Share of the weights that are set to 0.
        scale: Of the scores, by default d ** -0.5.

    Returns:
        (B, heads, queries, d).
    """
    if fused_is_fast(query, key, value):
        return F.scaled_dot_product_attention(
            query, key, value, mask, dropout, scale=scale
        )
    scores = query * (scale or query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    weights = (scores if mask is None else scores + mask).softmax(-1)
    return F.dropout(weights, dropout) @ value


def fused_is_fast(*tensors: Tensor) -> bool:
    """Whether torch's fused kernel is faster than matrix products.

    On CPUs without AMX its backward pass multiplies numbers of 16 bits one by one.
    """
    first = tensors[0]
    if first.device.type != "cpu" or first.dtype.itemsize > 2:
        return True
    learns = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
    return HAS_AMX or not learns
