"""The tensor names of vision transformers and of LPT in the layouts in circulation."""

import re
from collections.abc import Mapping, Sequence

from torch import Tensor

from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import BACKBONE, is_frozen
from lpt_mm.weights.weights import Weights

Layout = Sequence[tuple[str, str]]  # beginnings of names, and what takes their place
# Beginnings of the names in timm, DINOv2 and mmpretrain; {i} stands for a layer.
# https://github.com/huggingface/pytorch-image-models (vision_transformer.py),
# https://github.com/facebookresearch/dinov2 (its MLP is called w12, w3).
TO_MMPRETRAIN = (
    ("patch_embed.proj.", "patch_embed.projection."),
    ("norm_pre.", "pre_norm."),
    ("blocks.{i}.norm1.", "layers.{i}.ln1."),
    ("blocks.{i}.attn.", "layers.{i}.attn."),
    ("blocks.{i}.ls1.gamma", "layers.{i}.attn.gamma1.weight"),
    ("blocks.{i}.norm2.", "layers.{i}.ln2."),
    ("blocks.{i}.mlp.fc1.", "layers.{i}.ffn.layers.0.0."),
    ("blocks.{i}.mlp.fc2.", "layers.{i}.ffn.layers.1."),
    ("blocks.{i}.mlp.w12.", "layers.{i}.ffn.w12."),
    ("blocks.{i}.mlp.w3.", "layers.{i}.ffn.w3."),
    ("blocks.{i}.ls2.gamma", "layers.{i}.ffn.gamma2.weight"),
    ("norm.", "ln1."),
)
# timm names a gated MLP as a plain one.
TIMM_SWIGLU = (
    ("blocks.{i}.mlp.fc1.", "layers.{i}.ffn.w12."),
    ("blocks.{i}.mlp.fc2.", "layers.{i}.ffn.w3."),
)
# Not part of the transformer: classifiers, and the token of DINOv2's own training.
LEFT_OUT = re.compile(r"^(head|fc_norm|head_dist|pre_logits)\.|^mask_token$")
# Of classifiers of mmpretrain and of its CLIP.
PREFIXES = ("backbone.", "visual.")
# What LPT's authors (https://github.com/DongSky/LPT) add to timm's names, and ours.
OFFICIAL_TO_OWN = (
    ("prompt_learner.Prompt_Tokens_pool", "neck.group_prompts"),
    ("prompt_learner.Prompt_Tokens", "backbone.shared_prompts"),
    ("prompt_learner.Prompt_Keys", "neck.prompt_keys"),
    ("prompt_learner.head.weight", "head.weight"),
    *((theirs, f"backbone.{ours}") for theirs, ours in TO_MMPRETRAIN),
    ("cls_token", "backbone.cls_token"),
    ("pos_embed", "backbone.pos_embed"),
)
OWN_TO_OFFICIAL = tuple((ours, theirs) for theirs, ours in OFFICIAL_TO_OWN)
AUTHORS, OWN, MMPRETRAIN = "LPT's authors", "lpt_mm", "mmpretrain"


def find_layout(weights: Weights) -> str | None:
    """Tell whose names the tensors of a vision transformer have; None if unknown."""
    names = weights.tensors
    if is_official(names):
        return AUTHORS
    if weights.is_light:
        return OWN
    layers = re.compile(r"layers\.\d+\.attn\.qkv\.")
    if not any(map(layers.match, to_mmpretrain(names))):
        return None
    if any(x.startswith(BACKBONE) and not is_frozen(x) for x in names):
        return OWN
    if weights.format == "npz":
        return "Google's AugReg"
    if any(name.startswith((*PREFIXES, "layers.")) for name in names):
        return MMPRETRAIN
    if "mask_token" in names or any(".mlp.w12." in name for name in names):
        return "DINOv2"
    return "timm"


def is_official(tensors: Mapping[str, Tensor]) -> bool:
    """Tell the checkpoints of LPT's authors by their names."""
    return any(name.startswith("prompt_learner.") for name in tensors)


def to_mmpretrain(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Name a vision transformer's tensors as mmpretrain does, without a classifier.

    They have the names of timm, DINOv2 or mmpretrain; if some start with ``backbone.``
    or ``visual.``, those alone are the transformer. Names of no known layout are kept;
    ``WeightFileError`` if a tensor is there twice, in two layouts.
    """
    for prefix in PREFIXES:
        if any(name.startswith(prefix) for name in tensors):
            inner = {k: v for k, v in tensors.items() if k.startswith(prefix)}
            tensors = {k.removeprefix(prefix): v for k, v in inner.items()}
            break
    tensors = {k: v for k, v in tensors.items() if not LEFT_OUT.match(k)}
    layout = TIMM_SWIGLU + TO_MMPRETRAIN if _is_swiglu(tensors) else TO_MMPRETRAIN
    return rename_all(tensors, layout)


def official_to_own(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Name the tensors of the authors as ours are, without a classifier of timm."""
    tensors = {k: v for k, v in tensors.items() if not LEFT_OUT.match(k)}
    return rename_all(tensors, OFFICIAL_TO_OWN)


def rename_all(tensors: dict[str, Tensor], layout: Layout) -> dict[str, Tensor]:
    """Rename tensors; ``WeightFileError`` if two of them get the same name."""
    origins: dict[str, str] = {}
    for name in tensors:
        new = rename(name, layout)
        if new in origins:
            raise WeightFileError(f"{origins[new]} and {name} are the same tensor")
        origins[new] = name
    return {new: tensors[old] for new, old in origins.items()}


def rename(name: str, layout: Layout) -> str:
    """Replace the beginning of a name, if it is one of the layout's."""
    for old, new in layout:
        pattern = re.escape(old).replace(re.escape("{i}"), r"(\d+)")
        if match := re.match(pattern, name):
            index = match.groups()[0] if match.groups() else ""
            return new.replace("{i}", index) + name[match.end() :]
    return name


def _is_swiglu(tensors: dict[str, Tensor]) -> bool:
    """Whether the first linear layer of timm's MLP makes values and their gates."""
    first = tensors.get("blocks.0.mlp.fc1.weight")
    second = tensors.get("blocks.0.mlp.fc2.weight")
    if first is None or second is None or first.ndim != 2 or second.ndim != 2:
        return False
    return first.shape[0] == 2 * second.shape[1]
