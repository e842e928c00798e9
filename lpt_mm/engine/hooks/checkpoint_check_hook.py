"""Nothing in a checkpoint is believed before it was looked at.

mmengine believes what it reads: it parses ``meta['config']`` as Python, removes the
files that the message hub names, and updates schedulers with whatever stands there.
"""

from collections.abc import Mapping

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch import Tensor

from lpt_mm.weights import facts
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.plain_tensors import is_plain, plain_tensors

HISTORY_KEYS = {"history_values", "history_counts", "max_length"}


@HOOKS.register_module()
class CheckpointCheckHook(Hook):
    """Take out of a checkpoint what is not known, before anything is done with it."""

    priority = "HIGHEST"

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look at what was loaded, to train or to test."""
        keep_known(checkpoint)


def keep_known(checkpoint: dict) -> None:
    """Take what is not known out of what torch loaded; refuse what is malformed."""
    if "state_dict" not in checkpoint:  # tensors alone
        _require(_is_state(checkpoint), "tensors by name")
        checkpoint.update(plain_tensors(checkpoint, "the checkpoint"))
        return
    known = _pick(checkpoint, CONTENT, "")
    for name in STATES & known.keys():
        known[name] = plain_tensors(known[name], "the checkpoint")
    known["meta"] = _pick(known.get("meta", {}), facts.META, "meta.")
    if "message_hub" in known:
        known["message_hub"] = _known_hub(known["message_hub"])
    checkpoint.clear()
    checkpoint.update(known)


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise WeightFileError(f"the checkpoint is damaged: it has no valid {what}")


def _pick(values: Mapping, checks: Mapping[str, facts.Check], prefix: str) -> dict:
    """Keep the values that have a check, all of which must pass it."""
    picked = {name: values[name] for name in checks if name in values}
    for name, value in picked.items():
        _require(checks[name](value), prefix + name)
    return picked


def _known_hub(hub: Mapping) -> dict:
    """Keep the log, and what the hooks need to go on."""
    scalars = hub.get("log_scalars", {})
    info = hub.get("runtime_info", {})
    _require(facts.is_dict(scalars) and facts.is_dict(info), "message_hub")
    for name, history in scalars.items():
        valid = isinstance(name, str) and name.isprintable() and _is_history(history)
        _require(valid, "log history")
    checks = dict(RUNTIME_INFO)
    for name in filter(facts.is_text, info):
        if name.startswith("best_score"):
            checks[name] = facts.is_number
        elif name.startswith("best_ckpt"):
            checks[name] = facts.is_text
    info = _pick(info, checks, "message_hub.runtime_info.")
    # Only what is to be resumed is saved.
    resumed = dict.fromkeys([*scalars, *info], True)
    return dict(log_scalars=dict(scalars), runtime_info=info, resumed_keys=resumed)


def _is_state(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(name, str) and isinstance(tensor, Tensor)
        for name, tensor in value.items()
    )


def _is_history(value: object) -> bool:
    """Whether a value is what ``to_plain`` makes of a ``HistoryBuffer``."""
    if not isinstance(value, dict) or value.keys() != HISTORY_KEYS:
        return False
    values, counts = value["history_values"], value["history_counts"]
    return (
        all(isinstance(t, Tensor) and is_plain(t) for t in (values, counts))
        and {values.dtype, counts.dtype} <= {torch.float64, torch.int64}
        and values.shape == counts.shape == (values.numel(),)
        and values.numel() > 0
        and facts.is_count(value["max_length"])
    )


STATES = {"state_dict", "ema_state_dict"}
CONTENT: dict[str, facts.Check] = dict(
    state_dict=_is_state,
    meta=facts.is_dict,
    message_hub=facts.is_dict,
    optimizer=facts.is_dict,
    param_schedulers=lambda value: isinstance(value, list | dict),
    ema_state_dict=_is_state,
)
RUNTIME_INFO: dict[str, facts.Check] = dict(
    begun_epoch=lambda value: facts.are_counts(value) and len(value) == 3,
    keep_ckpt_ids=facts.are_counts,
    last_ckpt=facts.is_text,
)
