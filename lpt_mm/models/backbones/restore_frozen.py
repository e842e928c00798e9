"""Frozen layers that a light checkpoint leaves out."""

from typing import TYPE_CHECKING

from torch import Tensor

from lpt_mm.weights.checks import compare_backbones
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import IDENTITY, decode_identity

if TYPE_CHECKING:
    from lpt_mm.models.backbones.prompted_vit import PromptedViT


def restore_frozen(
    module: "PromptedViT", state_dict: dict[str, Tensor], prefix: str, *_: object
) -> None:
    """Complete a light state before a ``PromptedViT`` loads it, however that is done.

    Args:
        module: The transformer. If need be it first loads its pre-trained weights.
        state_dict: The state, which is completed in place.
        prefix: Beginning of the names of the transformer's tensors in it.

    Raises:
        WeightFileError: If the state was trained on another transformer.
    """
    identity = state_dict.pop(prefix + IDENTITY, None)
    if identity is None:
        if any(prefix + name in state_dict for name in module.frozen_state()):
            module.source = None
        return
    module.load_source()
    misfit = compare_backbones(decode_identity(identity), module.identity)
    if misfit:
        raise WeightFileError(f"the checkpoint {misfit}")
    for name, tensor in module.frozen_state().items():
        state_dict[prefix + name] = tensor
