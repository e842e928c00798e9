"""Does a checkpoint fit a model? mmengine only warns where it does not."""

from collections.abc import Iterable

from mmpretrain.utils import get_ori_model
from torch import Size, nn

from lpt_mm.weights.layouts import is_official
from lpt_mm.weights.reading import WeightFileError, Weights, printable
from lpt_mm.weights.sources import read_weights

OFFICIAL = (
    "is a checkpoint of LPT's authors: convert it first, with "
    "tools/model_converters/lpt_to_mm.py"
)
# Resized at load when the image size differs.
RESIZABLE = "backbone.pos_embed"
MOST_PATCHES = 10**6


def check_checkpoint(model: nn.Module, checkpoint: str, new: str = "neck.") -> None:
    """Refuse a checkpoint that does not fit a model.

    Args:
        model: The model that is to load it, wrapped or not; it may lie on the device
            ``meta``.
        checkpoint: Path or URL of the checkpoint.
        new: Prefix of the parameters that need not be in the checkpoint; an empty
            string stands for none.

    Raises:
        WeightFileError: If the file cannot be read, parameters are missing, left over
            or of another shape, or the backbone computes otherwise than it did.
    """
    if misfit := find_misfit(model, read_weights(checkpoint), new):
        raise WeightFileError(f"{checkpoint} {misfit}")


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
    own = model.state_dict()
    if is_official(tensors):
        return OFFICIAL
    if not any(name.startswith("backbone.") for name in tensors):
        return (
            "is no trained model (it has no backbone.*); a pre-trained backbone goes "
            "into model.backbone.init_cfg.checkpoint"
        )
    reshaped = [
        f"{name} is {tuple(tensors[name].shape)} in the checkpoint and "
        f"{tuple(own[name].shape)} in the model"
        for name in sorted(own.keys() & tensors.keys() - {RESIZABLE})
        if tensors[name].shape != own[name].shape
    ]
    if RESIZABLE in own and RESIZABLE in tensors:
        wanted, positions = own[RESIZABLE].shape, tensors[RESIZABLE].shape
        if not fits_positions(positions, wanted):
            reshaped.append(f"{RESIZABLE} is {tuple(positions)} in the checkpoint")
    if reshaped:
        return (
            "does not fit the config (prompt_length, num_classes and the "
            f"backbone's arch must be the same): {list_some(reshaped)}"
        )
    missing = own.keys() - tensors.keys()
    if new:
        missing = {name for name in missing if not name.startswith(new)}
    for what, names in (
        ("lacks", missing),
        ("has, unlike the model,", tensors.keys() - own.keys()),
    ):
        if names:
            return (
                "is of another kind of model than the config's: it "
                f"{what} {list_some(names)}"
            )
    now = getattr(getattr(model, "backbone", None), "numerics", {})
    changed = [
        f"{name} was {value} and is {now[name]} in the config"
        for name, value in weights.numerics.items()
        if now.get(name, value) != value
    ]
    return f"had another backbone: {', '.join(changed)}" if changed else None


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


def list_some(names: Iterable[str], limit: int = 10) -> str:
    """Name the first few, and how many more there are.

    Args:
        names: What to name.
        limit: How many are named.

    Returns:
        One line.
    """
    names = sorted(map(printable, names))
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
