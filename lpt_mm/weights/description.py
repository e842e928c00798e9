"""What a weight file is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from lpt_mm.weights.architecture import ViTArchitecture, find_missing
from lpt_mm.weights.checks import describe_backbone
from lpt_mm.weights.layouts import is_official, official_to_own, to_mmpretrain
from lpt_mm.weights.weights import Weights

# Classifiers of timm and mmpretrain; classes come first in their shape.
CLASSIFIERS = ("head.weight", "head.fc.weight", "head.layers.head.weight")


@dataclass(frozen=True)
class Description:
    """What a weight file is, as far as its tensors show it.

    Args:
        layout: Whose names the tensors have; None if nobody's we know.
        architecture: Architecture of the backbone; None if it is not whole.
        missing: Tensors that the backbone lacks.
        left_out: The backbone that a light checkpoint leaves out; None for others.
        img_size: Height and width in pixels of the images of its position embeddings.
        phase: Phase of LPT, 1 or 2; None for other models.
        prompt_length: Shared prompt tokens per layer.
        pool_size: Groups.
        group_prompt_length: Group prompt tokens per layer.
        num_shared_layers: First layers without group prompts.
        num_classes: Classes of the classifier.
        numerics: What no tensor shows, where the file records it.
    """

    layout: str | None
    architecture: ViTArchitecture | None
    missing: frozenset[str]
    left_out: str | None
    img_size: tuple[int, int] | None
    phase: int | None
    prompt_length: int | None
    pool_size: int | None
    group_prompt_length: int | None
    num_shared_layers: int | None
    num_classes: int | None
    numerics: Mapping[str, object]

    def skeleton(self) -> dict:
        """Give the config of a model with these tensors, names and shapes alike.

        Returns:
            Config of an ``LPTClassifier``. What no tensor shows, such as the number of
            heads, is set to 1.
        """
        assert self.architecture is not None and self.phase is not None
        settings = self.architecture.settings()
        if isinstance(settings["arch"], dict):
            settings["arch"] = dict(settings["arch"], num_heads=1)
        model = dict(
            type="LPTClassifier",
            backbone=dict(
                settings,
                type="PromptedViT",
                prompt_length=self.prompt_length,
                img_size=self.img_size or 224,
            ),
            head=dict(type="CosineHead", num_classes=self.num_classes),
        )
        if self.phase == 2:
            model["neck"] = dict(
                type="GroupPromptNeck",
                pool_size=self.pool_size,
                topk=1,
                prompt_length=self.group_prompt_length,
                num_shared_layers=self.num_shared_layers,
            )
        return model


def describe(weights: Weights) -> Description:
    """Find out what a weight file is.

    Args:
        weights: What it holds.

    Returns:
        The description.

    Raises:
        WeightFileError: If a tensor is there twice, in two layouts.
    """
    tensors = weights.tensors
    if is_official(tensors):
        tensors = official_to_own(tensors)
    backbone = to_mmpretrain(tensors)
    shared = backbone.pop("shared_prompts", None)
    pool = tensors.get("neck.group_prompts")
    architecture = ViTArchitecture.of(backbone)
    classifier = next((tensors[k] for k in CLASSIFIERS if k in tensors), None)
    phase = None
    if shared is not None and "head.weight" in tensors:
        phase = 1 if pool is None or pool.ndim != 4 else 2
    depth = architecture.num_layers if architecture else None
    if weights.is_light:
        depth = _size(shared, 0)
    return Description(
        layout=_find_layout(weights, backbone),
        architecture=architecture,
        missing=frozenset(() if weights.is_light else find_missing(backbone)),
        left_out=describe_backbone(weights.identity) if weights.is_light else None,
        img_size=_find_image_size(architecture, backbone.get("pos_embed")),
        phase=phase,
        prompt_length=_size(shared, 1),
        pool_size=_size(pool, 0),
        group_prompt_length=_size(pool, 2),
        num_shared_layers=depth - _size(pool, 1) if phase == 2 and depth else None,
        num_classes=_size(classifier, 1 if phase else 0),
        numerics=weights.numerics,
    )


def _size(tensor: Tensor | None, axis: int) -> int | None:
    return None if tensor is None or tensor.ndim <= axis else tensor.shape[axis]


def _find_layout(weights: Weights, backbone: dict[str, Tensor]) -> str | None:
    names = weights.tensors
    if is_official(names):
        return "LPT's authors"
    if weights.is_light:
        return "lpt_mm"
    if not any(re.match(r"layers\.\d+\.attn\.qkv\.", name) for name in backbone):
        return None
    if "backbone.shared_prompts" in names:
        return "lpt_mm"
    if weights.format == "npz":
        return "Google's AugReg"
    if any(name.startswith(("backbone.", "visual.", "layers.")) for name in names):
        return "mmpretrain"
    if "mask_token" in names or any(".mlp.w12." in name for name in names):
        return "DINOv2"
    return "timm"


def _find_image_size(
    architecture: ViTArchitecture | None, positions: Tensor | None
) -> tuple[int, int] | None:
    """Give the size of the images, if the patches make a square."""
    if architecture is None or positions is None or positions.ndim != 3:
        return None
    side = round((positions.shape[1] - 1) ** 0.5)
    if side**2 != positions.shape[1] - 1:
        return None
    return tuple(side * size for size in architecture.patch_size)
