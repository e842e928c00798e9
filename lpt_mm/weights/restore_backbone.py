"""Light checkpoints made whole.

What a file says is no reason to open or fetch anything: unless it names a backbone of
this package, the user does.
"""

from dataclasses import replace

from lpt_mm.weights.architecture import ViTArchitecture
from lpt_mm.weights.checks import compare_backbones, describe_backbone
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import (
    BACKBONE,
    IDENTITY,
    SHARED_PROMPTS,
    digest_positions,
    fingerprint,
)
from lpt_mm.weights.layouts import to_mmpretrain
from lpt_mm.weights.sources import PACKAGED, read_weights
from lpt_mm.weights.weights import Weights


def restore_backbone(weights: Weights, source: str | None = None) -> Weights:
    """Put the frozen layers that a light checkpoint leaves out into it.

    Args:
        weights: What the checkpoint holds, light or not.
        source: Where the layers are, as of ``PretrainedViT``; by default where the
            checkpoint says, if that is in this package.

    Returns:
        The whole model; position embeddings are those of the source.

    Raises:
        WeightFileError: If the layers cannot be had, are others than those that were
            trained on, or are to be had elsewhere and ``source`` is not given.
    """
    if not weights.is_light:
        return weights
    trained = weights.identity
    source = source or _packaged_source(weights)
    backbone = to_mmpretrain(read_weights(source).tensors)
    backbone.pop(SHARED_PROMPTS, None)
    architecture = ViTArchitecture.of(backbone)
    if architecture is None:
        raise WeightFileError(f"'{source}' holds no whole vision transformer")
    own = dict(
        source=source,
        architecture=architecture,
        fingerprint=fingerprint(backbone),
        positions=digest_positions(backbone),
    )
    if compare_backbones(trained, own):
        raise WeightFileError(
            f"{weights.source} was trained on {describe_backbone(trained)}, and "
            f"{describe_backbone(own)} is another: name the former with --backbone"
        )
    tensors = weights.tensors | {f"{BACKBONE}{k}": v for k, v in backbone.items()}
    del tensors[BACKBONE + IDENTITY]
    meta = dict(weights.meta, backbone=trained)
    return replace(weights, tensors=tensors, meta=meta)


def _packaged_source(weights: Weights) -> str:
    identity = weights.identity
    source = str(identity.get("source"))
    if not source.startswith(PACKAGED):
        raise WeightFileError(
            f"{weights.source} leaves out {describe_backbone(identity)}: if you trust "
            "that source, name it with --backbone"
        )
    return source
