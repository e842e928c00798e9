"""Modules that notice what a state brings."""

from functools import partial

from torch import Tensor, nn


def note_when_loaded(module: nn.Module, flag: str, tensor: str) -> None:
    """Set a flag of a module as soon as a state with a tensor of this name is loaded.

    So what starts at values that a hook finds is left as it is in a run that goes on.
    """
    module.register_load_state_dict_pre_hook(partial(_note, flag, tensor))


def _note(
    flag: str,
    tensor: str,
    module: nn.Module,
    state_dict: dict[str, Tensor],
    prefix: str,
    *_: object,
) -> None:
    if prefix + tensor in state_dict:
        setattr(module, flag, True)
