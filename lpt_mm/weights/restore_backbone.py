"""Light checkpoints made whole.

What a file says is no reason to open or fetch anything: unless it names a backbone of
this package, the user does.
"""

from dataclasses import replace

from lpt_mm.weights.architecture import ViTArchitecture
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import (
    BACKBONE,
    IDENTITY,
    SHARED_PROMPTS,
    compare_backbones,
    describe_backbone,
    identify,
)
from lpt_mm.weights.layouts import to_mmpretrain
from lpt_mm.weights.sources import PACKAGED, read_weights
from lpt_mm.weights.weights import Weights


def restore_backbone(weights: Weights, source: str | None = None) -> Weights:
    """Put the frozen layers that a light checkpoint leaves out into it.

    They are read from ``source``, as of ``PretrainedViT``, by default from where the
    checkpoint says, if that is in this package. Others than those that were trained on
    are refused. Position embeddings are those of the source.
    """
    if not weights.is_light:
        return weights
    trained = weights.identity
    if not source:
        source = str(trained.get("source"))
        if not source.startswith(PACKAGED):
            raise WeightFileError(
                f"{weights.source} leaves out {describe_backbone(trained)}: if you "
                "trust that source, name it with --backbone"
            )
    backbone = to_mmpretrain(read_weights(source).tensors)
    backbone.pop(SHARED_PROMPTS, None)
    if ViTArchitecture.of(backbone) is None:
        raise WeightFileError(f"'{source}' holds no whole vision transformer")
    own = identify(backbone, source)
    if compare_backbones(trained, own):
        raise WeightFileError(
            f"{weights.source} was trained on {describe_backbone(trained)}, and "
            f"{describe_backbone(own)} is another: name the former with --backbone"
        )
    tensors = weights.tensors | {f"{BACKBONE}{k}": v for k, v in backbone.items()}
    del tensors[BACKBONE + IDENTITY]
    return replace(weights, tensors=tensors, meta=weights.meta | dict(backbone=trained))
