"""The checkpoints of LPT's authors, in and out.

Their code, https://github.com/DongSky/LPT, builds on a vision transformer of timm whose
LayerNorm has an eps of 1e-5 instead of timm's 1e-6. No tensor shows it, so it is
recorded in ``meta.backbone``.
"""

from lpt_mm.utils.text import list_some
from lpt_mm.weights import layouts
from lpt_mm.weights.comparison import compare_tensors
from lpt_mm.weights.description import Description, describe
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.skeleton import build_skeleton
from lpt_mm.weights.weights import Weights

LAYER_NORM_EPS = 1e-5
ACTIVATION = "GELU"
NOT_THEIRS = {"pre_norm", "layer_scale_init_value", "layer_cfgs"}


def from_official(weights: Weights) -> Weights:
    """Turn a checkpoint of the authors, of either phase, into ours.

    The tensors stay the same, but for a classifier of timm, which is left out. What is
    none of theirs, or not exactly one whole model, is refused.
    """
    if not layouts.is_official(weights.tensors):
        raise WeightFileError(f"{weights.source} is no checkpoint of LPT's authors")
    settings = dict(layer_norm_eps=LAYER_NORM_EPS, activation=ACTIVATION)
    tensors = layouts.official_to_own(weights.tensors)
    converted = Weights(tensors, dict(backbone=settings), source=weights.source)
    _require_whole(converted)
    return converted


def to_official(weights: Weights) -> Weights:
    """Turn a checkpoint of ours, of either phase, into one of the authors' layout.

    What is none of ours, not exactly one whole model, or has another backbone than a
    plain vision transformer, is refused.
    """
    if layouts.find_layout(weights) != layouts.OWN:
        raise WeightFileError(f"{weights.source} is no checkpoint of lpt_mm")
    _require_whole(weights)
    activation = weights.hidden_settings.get("activation", ACTIVATION)
    if activation != ACTIVATION:
        raise WeightFileError(
            f"{weights.source} was trained with {activation}, the authors' code has "
            f"{ACTIVATION}"
        )
    return Weights(layouts.rename_all(weights.tensors, layouts.OWN_TO_OFFICIAL))


def _require_whole(weights: Weights) -> None:
    """Refuse all but exactly one model of either phase, with a plain ViT."""
    description = describe(weights)
    architecture = description.architecture
    if architecture is None or description.phase is None:
        lacks = list_some(description.missing or {"the prompts or the classifier"})
        raise WeightFileError(f"{weights.source} is not whole: it lacks {lacks}")
    if NOT_THEIRS & architecture.settings().keys():
        raise WeightFileError(
            f"{weights.source} has a {architecture}, which the authors' code has not"
        )
    try:
        own = build_skeleton(_config_of(description)).state_dict()
    except (ValueError, TypeError) as error:
        raise WeightFileError(f"{weights.source} makes no model: {error}") from error
    if misfit := compare_tensors(weights.tensors, own):
        raise WeightFileError(
            f"{weights.source} is not whole or of one piece: {misfit}"
        )


def _config_of(file: Description) -> dict:
    """Give the config of a model with tensors of the same names and shapes."""
    settings = file.architecture.settings()
    if isinstance(settings["arch"], dict):  # no tensor shows the number of heads
        settings["arch"] = dict(settings["arch"], num_heads=1)
    sizes = dict(prompt_length=file.prompt_length, img_size=file.img_size or 224)
    neck = dict(
        type="GroupPromptNeck",
        pool_size=file.pool_size,
        topk=1,
        prompt_length=file.group_prompt_length,
        num_shared_layers=file.num_shared_layers,
    )
    return dict(
        type="LPTClassifier",
        backbone=dict(settings, type="PromptedViT", **sizes),
        neck=neck if file.phase == 2 else None,
        head=dict(type="CosineHead", num_classes=file.num_classes),
    )
