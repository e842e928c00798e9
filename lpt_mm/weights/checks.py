"""Does a checkpoint fit a model? mmengine only warns where it does not."""

from collections.abc import Iterable

from mmengine.runner.checkpoint import _load_checkpoint
from mmpretrain.utils import get_ori_model
from torch import nn

# Resized at load when the image size differs.
RESIZABLE = "backbone.pos_embed"


def check_checkpoint(model: nn.Module, checkpoint: str, new: str = "neck.") -> None:
    """Refuse a checkpoint that does not fit a model.

    Args:
        model: The model that is to load it, wrapped or not.
        checkpoint: Path or URL of the checkpoint.
        new: Prefix of the parameters that need not be in the checkpoint; an empty
            string stands for none.

    Raises:
        ValueError: If parameters are missing, left over or of another shape.
    """
    state_dict = _load_checkpoint(checkpoint, map_location="cpu")
    state_dict = state_dict.get("state_dict", state_dict)
    own = get_ori_model(model).state_dict()
    reshaped = [
        f"{name} is {tuple(state_dict[name].shape)} in the checkpoint and "
        f"{tuple(own[name].shape)} in the model"
        for name in sorted(own.keys() & state_dict.keys() - {RESIZABLE})
        if state_dict[name].shape != own[name].shape
    ]
    if reshaped:
        raise ValueError(
            f"{checkpoint} does not fit the config (prompt_length, num_classes and the "
            f"backbone's arch must be the same): {list_some(reshaped)}"
        )
    missing = own.keys() - state_dict.keys()
    if new:
        missing = {name for name in missing if not name.startswith(new)}
    for what, names in (
        ("lacks", missing),
        ("has, unlike the model,", state_dict.keys() - own.keys()),
    ):
        if names:
            raise ValueError(
                f"{checkpoint} is of another kind of model than the config's: it "
                f"{what} {list_some(names)}"
            )


def list_some(names: Iterable[str], limit: int = 5) -> str:
    """Name the first few, and how many more there are.

    Args:
        names: What to name.
        limit: How many are named.

    Returns:
        One line.
    """
    names = sorted(names)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more
