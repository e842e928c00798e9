"""The state of an optimizer out of a checkpoint."""

from collections.abc import Mapping
from inspect import signature

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.optim import Optimizer

from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.facts import is_number
from lpt_mm.weights.plain_tensors import FLOATS, is_plain


def carry_state(optim_wrapper: OptimWrapper, saved: Mapping) -> dict:
    """Join what was saved, momentum and the like, with the settings of the wrapper."""
    state = optim_wrapper.state_dict()
    optimizer = optim_wrapper.optimizer
    if _sizes(saved.get("param_groups")) != _sizes(state["param_groups"]):
        raise WeightFileError(
            "the checkpoint's optimizer has other groups of parameters: resume with "
            "the same paramwise_cfg, or start anew"
        )
    entries = saved.get("state")
    parameters = [(p, g) for g in optimizer.param_groups for p in g["params"]]
    if not isinstance(entries, dict) or entries.keys() - range(len(parameters)):
        raise WeightFileError("the checkpoint's optimizer has no valid state")
    for index, entry in entries.items():
        example = _example(optimizer, *parameters[index])
        if not isinstance(entry, dict) or (entry and entry.keys() != example.keys()):
            raise WeightFileError(
                "the checkpoint's state is not that of the optimizer "
                f"{type(optimizer).__name__}: resume with the one of before"
            )
        if not all(_is_like(example[name], value) for name, value in entry.items()):
            raise WeightFileError(
                "the checkpoint's optimizer has a state of another shape, or one that "
                "is not finite"
            )
    state["state"] = entries
    if "loss_scaler" in saved and "loss_scaler" in state:
        scaler = saved["loss_scaler"]
        if not isinstance(scaler, dict) or scaler.keys() != state["loss_scaler"].keys():
            raise WeightFileError("the checkpoint's loss_scaler is of another kind")
        if not all(is_number(value) and value >= 0 for value in scaler.values()):
            raise WeightFileError("the checkpoint's loss_scaler has no valid numbers")
        state["loss_scaler"] = scaler
    return state


def _sizes(groups: object) -> list[int] | None:
    """Count the parameters of each group."""
    if not isinstance(groups, list) or not all(
        isinstance(group, dict) and isinstance(group.get("params"), list)
        for group in groups
    ):
        return None
    return [len(group["params"]) for group in groups]


def _example(optimizer: Optimizer, like: Tensor, group: Mapping) -> dict:
    """Give the state that an optimizer of this kind keeps of a parameter."""
    known = signature(type(optimizer)).parameters
    settings = {k: v for k, v in group.items() if k in known and k != "params"}
    parameter = nn.Parameter(torch.zeros_like(like))
    parameter.grad = torch.zeros_like(parameter)
    example = type(optimizer)([parameter], **settings)
    example.step()
    return example.state[parameter]


def _is_like(example: object, value: object) -> bool:
    """Whether a value of a state can take the place of another one."""
    if isinstance(example, bool):  # how Muon treats a parameter follows from its shape
        return value is example
    if not isinstance(example, Tensor):
        return type(value) is type(example) and (value is None or is_number(value))
    if not isinstance(value, Tensor) or not is_plain(value):
        return False
    fits = value.shape == example.shape
    fits &= value.dtype in FLOATS or value.dtype == example.dtype
    return fits and bool(value.to(example.dtype).isfinite().all())
