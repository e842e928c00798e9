"""What a checkpoint may hold: known facts of the right type, and nothing else.

mmengine believes what it reads: it parses ``meta['config']`` as Python, removes the
files that the message hub names, and updates schedulers with whatever stands there.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from lpt_mm.weights.errors import WeightFileError

Check = Callable[[object], bool]
MOST_STEPS = 2**53
HISTORY_KEYS = {"history_values", "history_counts", "max_length"}
BEST = ("best_score", "best_ckpt")


def keep_known(checkpoint: dict) -> None:
    """Take everything out of a checkpoint that is not known; refuse what is malformed.

    Args:
        checkpoint: What a file held, as loaded by torch; it is changed in place. One
            without ``state_dict`` holds tensors alone.

    Raises:
        WeightFileError: If something known is not of its type.
    """
    if "state_dict" not in checkpoint:
        _require(_is_state(checkpoint), "tensors by name")
        return
    known = _pick(checkpoint, CONTENT, "")
    known.setdefault("meta", {})
    known["meta"] = _pick(known["meta"], META, "meta.")
    if "message_hub" in known:
        known["message_hub"] = _known_hub(known["message_hub"])
    checkpoint.clear()
    checkpoint.update(known)


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise WeightFileError(f"the checkpoint is damaged: it has no valid {what}")


def _pick(facts: Mapping, checks: Mapping[str, Check], prefix: str) -> dict:
    """Keep the facts that have a check, all of which must pass it."""
    picked = {name: facts[name] for name in checks if name in facts}
    for name, value in picked.items():
        _require(checks[name](value), prefix + name)
    return picked


def _known_hub(hub: Mapping) -> dict:
    """Keep the log, and what the hooks need to go on."""
    scalars = hub.get("log_scalars", {})
    info = hub.get("runtime_info", {})
    resumed = hub.get("resumed_keys", {})
    for part in (scalars, info, resumed):
        _require(_is_dict(part), "message_hub")
    for name, history in scalars.items():
        _require(isinstance(name, str) and _is_history(history), "log history")
    checks = dict(RUNTIME_INFO)
    for name in info:
        if isinstance(name, str) and name.startswith(BEST):
            checks[name] = _is_text if name.startswith("best_ckpt") else _is_number
    info = _pick(info, checks, "message_hub.runtime_info.")
    names = scalars.keys() | info.keys()
    resumed = {name: bool(resumed.get(name)) for name in sorted(names)}
    return dict(log_scalars=dict(scalars), runtime_info=info, resumed_keys=resumed)


def _is_dict(value: object) -> bool:
    return isinstance(value, dict)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return _is_number(value) and isinstance(value, int) and 0 <= value < MOST_STEPS


def _is_seed(value: object) -> bool:
    return _is_count(value) and value < 2**32


def _are_counts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_count, value))


def _is_state(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(name, str) and isinstance(tensor, Tensor)
        for name, tensor in value.items()
    )


def _is_plain(value: object, depth: int = 8) -> bool:
    """Whether a value is made of numbers, texts, lists and dicts, and not deeply."""
    if value is None or isinstance(value, bool | int | float | str):
        return True
    if depth == 0:
        return False
    if isinstance(value, list | tuple):
        return all(_is_plain(item, depth - 1) for item in value)
    return isinstance(value, dict) and all(
        isinstance(key, str) and _is_plain(item, depth - 1)
        for key, item in value.items()
    )


def _are_facts(value: object) -> bool:
    return isinstance(value, dict) and _is_plain(value)


def _are_class_counts(value: object) -> bool:
    return value is None or (_are_counts(value) and min(value, default=0) > 0)


def _is_dataset_meta(value: object) -> bool:
    if value is None:
        return True
    if not isinstance(value, dict):
        return False
    classes = value.get("classes")
    return classes is None or (
        isinstance(classes, list | tuple) and all(map(_is_text, classes))
    )


def _is_history(value: object) -> bool:
    """Whether a value is what ``to_plain`` makes of a ``HistoryBuffer``."""
    if not isinstance(value, dict) or value.keys() != HISTORY_KEYS:
        return False
    tensors = [value["history_values"], value["history_counts"]]
    return (
        all(isinstance(t, Tensor) and t.ndim == 1 and _is_real(t) for t in tensors)
        and len(tensors[0]) == len(tensors[1])
        and _is_count(value["max_length"])
    )


def _is_real(tensor: Tensor) -> bool:
    return not tensor.is_complex() and tensor.dtype != torch.bool


CONTENT: dict[str, Check] = dict(
    state_dict=_is_state,
    meta=_is_dict,
    message_hub=_is_dict,
    optimizer=_is_dict,
    param_schedulers=lambda value: isinstance(value, list | dict),
    ema_state_dict=_is_state,
)
META: dict[str, Check] = dict(
    epoch=_is_count,
    iter=_is_count,
    seed=_is_seed,
    time=_is_text,
    experiment_name=_is_text,
    mmengine_version=_is_text,
    dataset_meta=_is_dataset_meta,
    cls_num_list=_are_class_counts,
    backbone=_are_facts,
    preprocessing=_are_facts,
    settings=_are_facts,
    run=_are_facts,
)
RUNTIME_INFO: dict[str, Check] = dict(
    begun_epoch=lambda value: _are_counts(value) and len(value) == 3,
    keep_ckpt_ids=_are_counts,
    last_ckpt=_is_text,
)
