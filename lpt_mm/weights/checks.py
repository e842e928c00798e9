"""Does a checkpoint fit a model? mmengine only warns where it does not."""

from collections.abc import Mapping

import torch
from mmpretrain.utils import get_ori_model
from torch import Size, Tensor, nn

from lpt_mm.utils.text import list_some, printable
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import BACKBONE, IDENTITY, is_frozen
from lpt_mm.weights.layouts import is_official
from lpt_mm.weights.sources import read_weights
from lpt_mm.weights.weights import Weights

OFFICIAL = (
    "is a checkpoint of LPT's authors: convert it first, with "
    "tools/model_converters/lpt_to_mm.py"
)
# Resized at load when the image size differs.
RESIZABLE = "backbone.pos_embed"
MOST_PATCHES = 10**6


def check_checkpoint(
    model: nn.Module, checkpoint: str, new: str = "neck.", resume: bool = False
) -> Weights:
    """Refuse a checkpoint that does not fit a model.

    Args:
        model: The model that is to load it, wrapped or not; it may lie on the device
            ``meta``.
        checkpoint: Path or URL of the checkpoint.
        new: Prefix of the parameters that need not be in the checkpoint; an empty
            string stands for none.
        resume: Whether training is to go on from it.

    Returns:
        What the checkpoint holds.

    Raises:
        WeightFileError: If the file cannot be read, parameters are missing, left over
            or of another shape, or the backbone computes otherwise than it did.
    """
    weights = read_weights(checkpoint)
    misfit = find_misfit(model, weights, new) or find_non_finite(weights.tensors)
    if misfit is None and not weights.is_plain:
        misfit = (
            "holds more than tensors and numbers, as mmengine's own checkpoints do, "
            "and no code in a file is ever run: tools/model_converters/publish_model.py"
            " takes out what is safe"
        )
    if misfit is None and resume and not weights.is_resumable:
        misfit = (
            "holds a model, but no state of the optimizer, so that no run can go on "
            "from it: test it, or start phase 2 from it with --phase1"
        )
    if misfit is not None:
        raise WeightFileError(f"{checkpoint} {misfit}")
    return weights


def find_misfit(model: nn.Module, weights: Weights, new: str = "neck.") -> str | None:
    """Say why weights do not fit a model.

    Args:
        model: See :func:`check_checkpoint`.
        weights: What the checkpoint holds.
        new: See :func:`check_checkpoint`.

    Returns:
        The end of a sentence whose subject is the checkpoint; None if they fit.
    """
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
    return (
        _compare_shapes(tensors, own)
        or _compare_names(tensors, own, new)
        or _compare_numerics(model, weights)
    )


def _compare_shapes(
    theirs: Mapping[str, Tensor], own: Mapping[str, Tensor]
) -> str | None:
    reshaped = [
        f"{name} is {tuple(theirs[name].shape)} in the checkpoint and "
        f"{tuple(own[name].shape)} in the model"
        for name in sorted(own.keys() & theirs.keys() - {RESIZABLE})
        if theirs[name].shape != own[name].shape
    ]
    if RESIZABLE in own and RESIZABLE in theirs:
        wanted, positions = own[RESIZABLE].shape, theirs[RESIZABLE].shape
        if not fits_positions(positions, wanted):
            reshaped.append(f"{RESIZABLE} is {tuple(positions)} in the checkpoint")
    if not reshaped:
        return None
    return (
        "does not fit the config (prompt_length, num_classes and the "
        f"backbone's arch must be the same): {list_some(reshaped)}"
    )


def _compare_names(
    theirs: Mapping[str, Tensor], own: Mapping[str, Tensor], new: str
) -> str | None:
    missing = own.keys() - theirs.keys()
    if new:
        missing = {name for name in missing if not name.startswith(new)}
    for what, names in (
        ("lacks", missing),
        ("has, unlike the model,", theirs.keys() - own.keys()),
    ):
        if names:
            return (
                "is of another kind of model than the config's: it "
                f"{what} {list_some(names)}"
            )
    return None


def _compare_numerics(model: nn.Module, weights: Weights) -> str | None:
    now = getattr(getattr(model, "backbone", None), "numerics", {})
    changed = [
        f"{name} was {value} and is {now[name]} in the config"
        for name, value in weights.numerics.items()
        if now.get(name, value) != value
    ]
    return f"had another backbone: {', '.join(changed)}" if changed else None


def find_non_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """Say which tensors hold NaN or infinity.

    Args:
        tensors: Tensors by name.

    Returns:
        The end of a sentence whose subject holds them; None if all are finite.
    """
    # A sum is finite only if all its terms are, and takes no memory.
    sums = {k: x.sum(dtype=torch.float32) for k, x in tensors.items() if x.numel()}
    broken = [name for name, total in sums.items() if not total.isfinite()]
    if not broken:
        return None
    return f"has values that are no finite numbers: {list_some(broken)}"


def compare_backbones(
    trained: Mapping[str, object], own: Mapping[str, object]
) -> str | None:
    """Say whether a model is to be used on another backbone than its own.

    Args:
        trained: Identity of the backbone that it was trained on.
        own: Identity of the one that the config has.

    Returns:
        The end of a sentence whose subject is the checkpoint; None if they are the
        same, as far as is recorded.
    """
    difference = ""
    if trained.get("fingerprint") == own.get("fingerprint"):
        theirs, ours = trained.get("positions"), own.get("positions")
        if theirs == ours or None in (theirs, ours):
            return None
        difference = " with other position embeddings"
    return (
        f"was trained on {describe_backbone(trained)}, but the config has "
        f"{describe_backbone(own)}{difference}: set model.backbone.init_cfg.checkpoint"
    )


def describe_backbone(identity: Mapping[str, object]) -> str:
    """Name a backbone in an error.

    Args:
        identity: What ``PromptedViT.identity`` gives.

    Returns:
        Its architecture, source and the beginning of its fingerprint.
    """
    digest = str(identity.get("fingerprint"))[:12]
    return printable(
        f"the {identity.get('architecture')} of '{identity.get('source')}' "
        f"(fingerprint {digest})"
    )


def fits_positions(positions: Size, own: Size) -> bool:
    """Whether position embeddings can be used, if need be resized.

    Args:
        positions: Shape of the embeddings.
        own: Shape (1, N, D) that is wanted.

    Returns:
        True if they are as wanted, or those of a class token and a square of patches.
    """
    if positions == own:
        return True
    if len(positions) != 3 or positions[0] != 1 or positions[2] != own[2]:
        return False
    patches = positions[1] - 1
    return 0 < patches < MOST_PATCHES and round(patches**0.5) ** 2 == patches
