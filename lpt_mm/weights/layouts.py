"""The tensor names of a vision transformer in the layouts in circulation."""

import re

from torch import Tensor

# timm's names and ours, https://github.com/huggingface/pytorch-image-models.
TIMM_TO_MMPRETRAIN = (
    (r"^patch_embed\.proj\.", "patch_embed.projection."),
    (r"^blocks\.(\d+)\.norm([12])\.", r"layers.\1.ln\2."),
    (r"^blocks\.(\d+)\.attn\.", r"layers.\1.attn."),
    (r"^blocks\.(\d+)\.mlp\.fc1\.", r"layers.\1.ffn.layers.0.0."),
    (r"^blocks\.(\d+)\.mlp\.fc2\.", r"layers.\1.ffn.layers.1."),
    (r"^norm\.", "ln1."),
)
CLASSIFIER = re.compile(r"^(head|fc_norm|head_dist|pre_logits)\.")


def to_mmpretrain(state_dict: dict[str, Tensor]) -> dict[str, Tensor]:
    """Name the tensors of a vision transformer as mmpretrain does.

    Args:
        state_dict: Tensors in timm's or mmpretrain's names, the latter with or without
            the prefix ``backbone.``.

    Returns:
        The tensors of the transformer alone, in mmpretrain's names.
    """
    backbone = {
        name.removeprefix("backbone."): tensor
        for name, tensor in state_dict.items()
        if name.startswith("backbone.")
    }
    named = backbone or state_dict
    return {
        _rename(name): tensor
        for name, tensor in named.items()
        if not CLASSIFIER.match(name)
    }


def _rename(name: str) -> str:
    for pattern, replacement in TIMM_TO_MMPRETRAIN:
        renamed, count = re.subn(pattern, replacement, name)
        if count:
            return renamed
    return name
