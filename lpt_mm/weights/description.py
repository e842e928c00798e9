"""What a weight file is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from lpt_mm.weights import layouts
from lpt_mm.weights.architecture import ViTArchitecture, find_missing, square_side
from lpt_mm.weights.identity import BACKBONE, POSITIONS, SHARED_PROMPTS, is_tuned
from lpt_mm.weights.weights import Weights

# Classifiers of timm and mmpretrain; classes come first in their shape.
CLASSIFIERS = ("head.weight", "head.fc.weight", "head.layers.head.weight")


@dataclass(frozen=True)
class Description:
    """What a weight file is, as far as its tensors show it; None is unknown."""

    layout: str | None
    architecture: ViTArchitecture | None  # of a backbone that is whole
    missing: set[str]  # tensors of the backbone
    img_size: tuple[int, int] | None  # in pixels; of the position embeddings
    phase: int | None  # 1 or 2; None for other models than LPT's
    prompt_length: int | None  # shared prompt tokens per layer
    pool_size: int | None  # groups
    group_prompt_length: int | None
    num_shared_layers: int | None  # first layers without group prompts
    num_classes: int | None
    tunings: dict[str, int]  # their bottlenecks by name


def describe(weights: Weights) -> Description:
    """Find out what a weight file is; refuse one with a tensor twice in two layouts."""
    tensors = weights.tensors
    if layouts.is_official(tensors):
        tensors = layouts.official_to_own(tensors)
    backbone = layouts.to_mmpretrain(tensors)
    tuned = {name: backbone.pop(name) for name in [*filter(is_tuned, backbone)]}
    shared = tuned.get(SHARED_PROMPTS)
    pool = tensors.get("neck.group_prompts")
    architecture = ViTArchitecture.of(backbone)
    tunings = _find_tunings(tuned)
    classifier = next((tensors[k] for k in CLASSIFIERS if k in tensors), None)
    # Beside a backbone it is that of a CosineHead, whose classes come last.
    is_model = any(name.startswith(BACKBONE) for name in tensors)
    is_cosine = is_model and "head.weight" in tensors
    phase = None
    if shared is not None and "head.weight" in tensors:
        phase = 1 if pool is None or pool.ndim != 4 else 2
    depth = architecture.num_layers if architecture else None
    if weights.is_light:
        depth = _size(shared, 0)
    return Description(
        layout=layouts.find_layout(weights),
        architecture=architecture,
        missing=set() if weights.is_light else find_missing(backbone),
        img_size=_find_image_size(architecture, backbone.get(POSITIONS)),
        phase=phase,
        prompt_length=_size(shared, 1),
        pool_size=_size(pool, 0),
        group_prompt_length=_size(pool, 2),
        num_shared_layers=depth - _size(pool, 1) if phase == 2 and depth else None,
        num_classes=_size(classifier, 1 if is_cosine else 0),
        tunings=tunings,
    )


def _find_tunings(tuned: Mapping[str, Tensor]) -> dict[str, int]:
    """Find the tunings, and the widths that they go through."""
    found = {}
    for name, tensor in tuned.items():
        match = re.fullmatch(r"tunings\.\d+\.(\w+)\.(down\.weight|query_b)", name)
        if match and tensor.ndim == 2:
            found[match[1]] = tensor.shape[0]
    return found


def _size(tensor: Tensor | None, axis: int) -> int | None:
    return None if tensor is None or tensor.ndim <= axis else tensor.shape[axis]


def _find_image_size(
    architecture: ViTArchitecture | None, positions: Tensor | None
) -> tuple[int, int] | None:
    """Give the size of the images, if the patches make a square."""
    if architecture is None or positions is None or positions.ndim != 3:
        return None
    side, patch = square_side(positions), architecture.patch_size
    height, width = patch if isinstance(patch, tuple) else (patch, patch)
    return None if side is None else (side * height, side * width)
