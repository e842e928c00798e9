"""Is a checkpoint one of the model's? mmengine only warns where it is not."""

from mmpretrain.utils import get_ori_model
from torch import nn

from lpt_mm.weights.comparison import (
    compare_settings,
    compare_tensors,
    find_non_finite,
)
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import BACKBONE, IDENTITY, is_frozen
from lpt_mm.weights.layouts import is_official
from lpt_mm.weights.sources import read_weights
from lpt_mm.weights.weights import Weights

OFFICIAL = (
    "is a checkpoint of LPT's authors: convert it first, with "
    "tools/model_converters/lpt_to_mm.py"
)
NOT_PLAIN = (
    "holds more than tensors and numbers, as mmengine's own checkpoints do, and no code"
    " in a file is ever run: tools/model_converters/publish_model.py takes out what is "
    "safe"
)
NOT_RESUMABLE = (
    "holds a model, but no state of the optimizer, so that no run can go on from it: "
    "test it, or start phase 2 from it with --phase1"
)


def check_checkpoint(
    model: nn.Module, checkpoint: str, new: str = "neck.", resume: bool = False
) -> Weights:
    """Refuse a checkpoint that a model, perhaps on the device ``meta``, cannot load.

    Parameters whose names begin with ``new`` need not be in it; an empty string stands
    for none. ``resume`` tells whether training is to go on from it.
    """
    weights = read_weights(checkpoint)
    misfit = (
        find_misfit(model, weights, new)
        or find_non_finite(weights.tensors)
        or (not weights.is_plain and NOT_PLAIN)
        or (resume and not weights.is_resumable and NOT_RESUMABLE)
    )
    if misfit:
        raise WeightFileError(f"{checkpoint} {misfit}")
    return weights


def find_misfit(model: nn.Module, weights: Weights, new: str = "neck.") -> str | None:
    """Say why weights do not fit a model, as the end of a sentence about them."""
    model, tensors = get_ori_model(model), weights.tensors
    if is_official(tensors):
        return OFFICIAL
    if not any(name.startswith(BACKBONE) for name in tensors):
        return (
            "is no trained model (it has no backbone.*); a pre-trained backbone goes "
            "into model.backbone.init_cfg.checkpoint"
        )
    own = model.state_dict()
    if weights.is_light:
        if not hasattr(model.backbone, "load_source"):
            return (
                "is light: only a PromptedViT gets back the layers that it leaves out"
            )
        own = {name: tensor for name, tensor in own.items() if not is_frozen(name)}
        tensors = {k: v for k, v in tensors.items() if k != BACKBONE + IDENTITY}
    optional = {name for name in own if new and name.startswith(new)}
    if misfit := compare_tensors(tensors, own, optional):
        return (
            "does not fit the config (the kind of model, prompt_length, num_classes and"
            f" the backbone's arch must be the same): {misfit}"
        )
    settings = getattr(getattr(model, "backbone", None), "hidden_settings", {})
    if misfit := compare_settings(weights.hidden_settings, settings):
        return f"had another backbone: {misfit}"
    return None
