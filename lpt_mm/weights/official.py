"""The checkpoints of LPT's authors, in and out.

Their code, https://github.com/DongSky/LPT, builds on a vision transformer of timm whose
LayerNorm has an eps of 1e-5 instead of timm's 1e-6. No tensor shows it, so it is
recorded in ``meta.backbone``.
"""

from lpt_mm.models.skeleton import build_skeleton
from lpt_mm.weights.checks import list_some
from lpt_mm.weights.description import describe
from lpt_mm.weights.layouts import (
    LEFT_OUT,
    OFFICIAL_TO_OWN,
    OWN_TO_OFFICIAL,
    is_official,
    rename,
)
from lpt_mm.weights.reading import WeightFileError, Weights

LAYER_NORM_EPS = 1e-5


def from_official(weights: Weights) -> Weights:
    """Turn a checkpoint of the authors, of either phase, into ours.

    Args:
        weights: What it holds. A classifier of timm in it is left out.

    Returns:
        The same tensors in our names, with the eps of LayerNorm.

    Raises:
        WeightFileError: If it is none of theirs, or not exactly one whole model.
    """
    if not is_official(weights.tensors):
        raise WeightFileError("this is no checkpoint of LPT's authors")
    tensors = {
        rename(name, OFFICIAL_TO_OWN): tensor
        for name, tensor in weights.tensors.items()
        if not LEFT_OUT.match(name)
    }
    backbone = dict(layer_norm_eps=LAYER_NORM_EPS, activation="GELU")
    converted = Weights(tensors, dict(backbone=backbone))
    _require_whole(converted)
    return converted


def to_official(weights: Weights) -> Weights:
    """Turn a checkpoint of ours, of either phase, into one of the authors' layout.

    Args:
        weights: What it holds.

    Returns:
        The same tensors in their names.

    Raises:
        WeightFileError: If it is none of ours, not exactly one whole model, or has
            another backbone than a plain vision transformer.
    """
    if describe(weights).layout != "lpt_mm":
        raise WeightFileError("this is no checkpoint of lpt_mm")
    _require_whole(weights)
    tensors = {
        rename(name, OWN_TO_OFFICIAL): tensor
        for name, tensor in weights.tensors.items()
    }
    return Weights(tensors)


def _require_whole(weights: Weights) -> None:
    """Refuse all but exactly one model of either phase, with a plain ViT."""
    description = describe(weights)
    if description.missing:
        raise WeightFileError(f"the backbone lacks {list_some(description.missing)}")
    if description.architecture is None or description.phase is None:
        raise WeightFileError("the prompts, the classifier or the backbone are missing")
    architecture = description.architecture
    if architecture.pre_norm or architecture.layer_scale or architecture.swiglu:
        raise WeightFileError(f"the authors' code has no {architecture}")
    own, theirs = build_skeleton(description.skeleton()).state_dict(), weights.tensors
    wrong = {
        name
        for name in own.keys() | theirs.keys()
        if name not in own
        or name not in theirs
        or own[name].shape != theirs[name].shape
    }
    if wrong:
        raise WeightFileError(
            "these tensors are missing, left over or of a shape that does not go with "
            f"the others: {list_some(wrong)}"
        )
