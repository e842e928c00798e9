"""The state of an optimizer out of a checkpoint."""

from collections.abc import Mapping
from inspect import signature

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.optim import Optimizer

from lpt_mm.weights.errors import WeightFileError


def carry_state(optim_wrapper: OptimWrapper, saved: Mapping) -> dict:
    """Join the state that was saved with the settings that hold now.

    Args:
        optim_wrapper: The wrapper, with learning rate, weight decay and so on as set.
        saved: What its ``state_dict`` was.

    Returns:
        The state to load: saved are momentum and the like, of now all settings.

    Raises:
        WeightFileError: If it is of another optimizer or other parameters, or holds
            what is no state.
    """
    state = optim_wrapper.state_dict()
    optimizer = optim_wrapper.optimizer
    if _sizes(saved.get("param_groups")) != _sizes(state["param_groups"]):
        raise WeightFileError(
            "the checkpoint's optimizer has other groups of parameters: resume with "
            "the same paramwise_cfg, or start anew"
        )
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    expected = _example(optimizer).keys()
    entries = saved.get("state")
    for index, entry in entries.items() if isinstance(entries, dict) else [(-1, None)]:
        if not isinstance(index, int) or not 0 <= index < len(parameters):
            raise WeightFileError("the checkpoint's optimizer has no valid state")
        if not isinstance(entry, dict) or (entry and entry.keys() != expected):
            raise WeightFileError(
                "the checkpoint's state is not that of the optimizer "
                f"{type(optimizer).__name__}: resume with the one of before"
            )
        if not all(_is_state_of(parameters[index], value) for value in entry.values()):
            raise WeightFileError(
                "the checkpoint's optimizer has a state of another shape, or one that "
                "is not finite"
            )
    state["state"] = entries
    if "loss_scaler" in saved and "loss_scaler" in state:
        state["loss_scaler"] = saved["loss_scaler"]
    return state


def _sizes(groups: object) -> list[int] | None:
    """Count the parameters of each group."""
    if not isinstance(groups, list) or not all(
        isinstance(group, dict) and isinstance(group.get("params"), list)
        for group in groups
    ):
        return None
    return [len(group["params"]) for group in groups]


def _example(optimizer: Optimizer) -> dict:
    """Give the state that an optimizer keeps of a parameter."""
    parameter = nn.Parameter(torch.zeros(1))
    parameter.grad = torch.zeros(1)
    known = signature(type(optimizer)).parameters
    settings = {k: v for k, v in optimizer.defaults.items() if k in known}
    example = type(optimizer)([parameter], **settings)
    example.step()
    return example.state[parameter]


def _is_state_of(parameter: nn.Parameter, value: object) -> bool:
    if not isinstance(value, Tensor):
        return value is None or isinstance(value, bool | int | float)
    fits = value.shape == parameter.shape or value.numel() == 1
    return fits and not value.is_complex() and bool(value.isfinite().all())
