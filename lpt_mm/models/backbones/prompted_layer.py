"""One transformer layer whose tokens also attend to prompts, at its cheapest.

Tunings, trained beside the layer, add to what it computes where they say.

A prompt token of a layer is thrown away after that layer, so it needs neither a query
nor an MLP: it only contributes a key and a value. This equals concatenating the
prompts, running the layer and cutting them off. Source: Visual Prompt Tuning,
https://arxiv.org/abs/2203.12119; Long-tailed Prompt Tuning, section 4.2,
https://arxiv.org/abs/2210.01033.
"""

from collections.abc import Iterable

import torch
from mmpretrain.models.backbones.vision_transformer import TransformerEncoderLayer
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from lpt_mm.models.backbones.attention_kernel import attention, fused_is_fast
from lpt_mm.models.tunings.tuning import Tuning

CPU_KEY_BLOCK = 16  # keys that the CPU's attention kernel handles at a time
# Larger hidden activations (32 MiB and more) are new memory of the system each time.
CPU_FFN_TOKENS = 1600


def run_layer(
    layer: TransformerEncoderLayer,
    tokens: Tensor,
    prompts: list[Tensor],
    tunings: Iterable[Tuning] = (),
    with_cp: bool = False,
) -> Tensor:
    """Run a layer on tokens (B, N, D) that also attend to prompts.

    The prompts are any number of (B, P, D), or (1, P, D) where they are the same for
    all images. ``with_cp`` computes the hidden activations of the feed-forward network
    once more in the backward pass instead of keeping them.
    """
    tokens = tokens + attend(layer, layer.ln1(tokens), prompts, tunings)
    parts = tokens.split(_images_per_part(tokens)) if _runs_on_cpu(tokens) else [tokens]
    if with_cp and tokens.requires_grad:
        outs = [
            checkpoint(feed_forward, layer, part, tunings, use_reentrant=False)
            for part in parts
        ]
    else:
        outs = [feed_forward(layer, part, tunings) for part in parts]
    return outs[0] if len(outs) == 1 else torch.cat(outs)


def attend(
    layer: TransformerEncoderLayer,
    normed: Tensor,
    prompts: list[Tensor],
    tunings: Iterable[Tuning] = (),
) -> Tensor:
    """Compute what a layer's attention adds to the tokens, after its first norm."""
    attn, dims = layer.attn, layer.embed_dims
    weight, bias = attn.qkv.weight, attn.qkv.bias
    query = F.linear(normed, weight[:dims], None if bias is None else bias[:dims])
    for tuning in tunings:
        query = tuning.add_to_query(query, normed)
    key_value = _keys_and_values(layer, normed, tunings)
    # The norm is not called: what listens to it is to hear of the tokens alone.
    extra = [
        _keys_and_values(layer, layer.ln1.forward(prompt.to(weight.dtype)), tunings)
        for prompt in prompts
    ]
    num_keys = sum(part.shape[1] for part in (key_value, *extra))
    padding, mask = [], None
    if fused_is_fast(query, key_value, *extra):
        padding, mask = _pad_keys(num_keys, key_value)
    if extra := [part.expand(query.shape[0], -1, -1) for part in (*extra, *padding)]:
        key_value = torch.cat([key_value, *extra], dim=1)  # (B, N + all P + pad, 2 D)
    # -> two of (B, heads, N + all P + pad, D / heads)
    key, value = key_value.unflatten(-1, (2, attn.num_heads, attn.head_dims)).permute(
        2, 0, 3, 1, 4
    )
    query = query.unflatten(-1, (attn.num_heads, attn.head_dims)).transpose(1, 2)
    dropout = attn.attn_drop if attn.training else 0.0
    out = attention(query, key, value, mask, dropout)
    out = out.transpose(1, 2).flatten(2)
    if bias is not None:
        # The bias of the keys adds the same to all scores of a query, which the softmax
        # cancels; that of the values outlives any mean of them.
        out = out + bias[-dims:]
    return _project_out(layer, out)


def _keys_and_values(
    layer: TransformerEncoderLayer, normed: Tensor, tunings: Iterable[Tuning]
) -> Tensor:
    """Project (B, N, D) to keys and values without their bias, (B, N, 2 D)."""
    dims = layer.embed_dims
    both = F.linear(normed, layer.attn.qkv.weight[dims:])
    for tuning in tunings:
        value = both[..., dims:]
        tuned = tuning.add_to_value(value, normed)
        if tuned is not value:
            both = torch.cat([both[..., :dims], tuned], dim=-1)
    return both


def _pad_keys(num_keys: int, like: Tensor) -> tuple[list[Tensor], Tensor | None]:
    """Fill the keys up to what the CPU's fused kernel handles without a remainder.

    That doubles its speed in bfloat16. On other devices a mask would rule out the
    fastest kernel. Gives keys and values (1, pad, 2 D) to append to those of the tokens
    (B, N, 2 D), if any, and the mask (1, keys + pad) that makes them invisible.
    """
    num_padded = -num_keys % CPU_KEY_BLOCK
    if not num_padded or not _runs_on_cpu(like):
        return [], None
    mask = like.new_zeros(1, num_keys)
    mask = F.pad(mask, (0, num_padded), value=-torch.inf)
    return [like.new_zeros(1, num_padded, like.shape[2])], mask


def run_class_token(
    layer: TransformerEncoderLayer,
    tokens: Tensor,
    prompts: list[Tensor],
    tunings: Iterable[Tuning] = (),
) -> Tensor:
    """Run a layer for the class token alone, which attends to all tokens and prompts.

    A single query makes it cheaper to project the query into the space of the tokens
    than the tokens into that of the keys: q (W x) = (q W) x; likewise the tokens are
    averaged before they are projected to values. The class token comes first; its
    output is (B, 1, D).
    """
    attn, heads = layer.attn, (layer.attn.num_heads, layer.attn.head_dims)
    weight = attn.qkv.weight.unflatten(0, (3, *heads))  # (3, heads, D / heads, D)
    bias = attn.qkv.bias
    if bias is None:
        bias = weight.new_zeros(3 * layer.embed_dims)
    bias = bias.unflatten(0, (3, *heads))

    expanded = [p.to(tokens.dtype).expand(tokens.shape[0], -1, -1) for p in prompts]
    source = layer.ln1(torch.cat([tokens, *expanded], dim=1))  # (B, N + all P, D)
    query = torch.einsum("bd,hed->bhe", source[:, 0], weight[0]) + bias[0]
    for tuning in tunings:
        query = tuning.add_to_query(query.flatten(1), source[:, 0]).view_as(query)
    query = torch.einsum("bhe,hed->bhd", query, weight[1])
    # The heads take the place of the queries: (B, 1, heads, D).
    mean = attention(
        query.unsqueeze(1),
        source.unsqueeze(1),
        source.unsqueeze(1),
        dropout=attn.attn_drop if attn.training else 0.0,
        scale=attn.head_dims**-0.5,
    ).squeeze(1)
    value = torch.einsum("bhd,hed->bhe", mean, weight[2]) + bias[2]
    for tuning in tunings:
        # Of what it adds to each head's mean, (B, heads, D), a head takes its part.
        added = tuning.add_to_value(torch.zeros_like(mean), mean).unflatten(-1, heads)
        value = value + added.diagonal(dim1=1, dim2=2).transpose(1, 2)
    found = _project_out(layer, value.flatten(1).unsqueeze(1))
    return feed_forward(layer, tokens[:, :1] + found, tunings)


def _project_out(layer: TransformerEncoderLayer, attended: Tensor) -> Tensor:
    """Project the means of the values, (B, N, D)."""
    attn = layer.attn
    return attn.out_drop(attn.gamma1(attn.proj_drop(attn.proj(attended))))


def feed_forward(
    layer: TransformerEncoderLayer, tokens: Tensor, tunings: Iterable[Tuning] = ()
) -> Tensor:
    """Run the second half of a layer on tokens (B, N, D)."""
    normed, out = layer.ln2(tokens), tokens
    for tuning in tunings:
        out = tuning.add_beside_ffn(out, tokens)
    if not any(tuning.follows_ffn for tuning in tunings):
        return layer.ffn(normed, identity=out)
    found = layer.ffn(normed, identity=tokens.new_zeros(()))
    out = out + found
    for tuning in tunings:
        out = tuning.add_after_ffn(out, found)
    return out


def _images_per_part(tokens: Tensor) -> int:
    """How many images to run through the feed-forward network at a time."""
    return max(1, CPU_FFN_TOKENS // tokens.shape[1])


def _runs_on_cpu(tokens: Tensor) -> bool:
    """Whether a CPU runs this; an exported graph, of any batch size, runs anywhere."""
    return tokens.device.type == "cpu" and isinstance(tokens.shape[0], int)
