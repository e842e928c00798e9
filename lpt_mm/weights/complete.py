"""Light checkpoints made whole."""

from dataclasses import replace

from lpt_mm.weights.checks import compare_backbones
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import (
    BACKBONE,
    IDENTITY,
    SHARED_PROMPTS,
    fingerprint,
)
from lpt_mm.weights.layouts import to_mmpretrain
from lpt_mm.weights.reading import Weights
from lpt_mm.weights.sources import read_weights


def complete(weights: Weights) -> Weights:
    """Put the frozen layers that a light checkpoint leaves out into it.

    Args:
        weights: What the checkpoint holds, light or not.

    Returns:
        The whole model; position embeddings are those of the source.

    Raises:
        WeightFileError: If the layers cannot be had, or are others by now.
    """
    if not weights.is_light:
        return weights
    trained = weights.identity
    source = str(trained.get("source"))
    backbone = to_mmpretrain(read_weights(source).tensors)
    backbone.pop(SHARED_PROMPTS, None)
    own = dict(trained, fingerprint=fingerprint(backbone))
    if misfit := compare_backbones(trained, own):
        raise WeightFileError(f"{weights.source} {misfit}")
    tensors = weights.tensors | {f"{BACKBONE}{k}": v for k, v in backbone.items()}
    del tensors[BACKBONE + IDENTITY]
    meta = dict(weights.meta, backbone=trained)
    return replace(weights, tensors=tensors, meta=meta)
