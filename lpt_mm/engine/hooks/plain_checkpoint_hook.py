"""Checkpoints that torch loads without running any code from them."""

from collections import OrderedDict

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model

HISTORY_KEYS = {"history_values", "history_counts", "max_length"}


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Save plain containers and tensors only, as ``weights_only=True`` asks for.

    mmengine's checkpoints hold ``HistoryBuffer`` and numpy objects, which
    ``torch.load`` refuses since 2.6. They are stored as tensors and numbers, and the
    log history is made whole again when a run resumes. ``meta.backbone`` records
    ``PromptedViT.numerics``: with other values the same weights give other features.
    """

    priority = "LOWEST"  # after the hooks that add keys of their own

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Replace everything that is not plain; record what no weight shows.

        Args:
            runner: The runner.
            checkpoint: The checkpoint about to be saved.
        """
        backbone = getattr(get_ori_model(runner.model), "backbone", None)
        if hasattr(backbone, "numerics"):
            checkpoint["meta"]["backbone"] = backbone.numerics
        for key in checkpoint.keys() - {"state_dict"}:
            checkpoint[key] = to_plain(checkpoint[key])

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Rebuild the log history.

        Args:
            runner: The runner.
            checkpoint: The checkpoint just read.
        """
        scalars = checkpoint.get("message_hub", {}).get("log_scalars", {})
        for name, value in scalars.items():
            if isinstance(value, dict) and value.keys() == HISTORY_KEYS:
                scalars[name] = HistoryBuffer(
                    value["history_values"].cpu().numpy(),
                    value["history_counts"].cpu().numpy(),
                    value["max_length"],
                )


def to_plain(value: object) -> object:
    """Convert to builtin containers, numbers, strings and tensors.

    Args:
        value: Anything that a checkpoint of mmengine may hold.

    Returns:
        The same content as plain objects.

    Raises:
        TypeError: If something else is in it.
    """
    if isinstance(value, HistoryBuffer):
        values, counts = value.data
        return dict(
            history_values=torch.as_tensor(values),
            history_counts=torch.as_tensor(counts),
            max_length=int(value.max_length),
        )
    if isinstance(value, np.ndarray):
        return torch.as_tensor(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        kind = OrderedDict if isinstance(value, OrderedDict) else dict
        return kind((key, to_plain(item)) for key, item in value.items())
    if isinstance(value, list | tuple):
        kind = tuple if isinstance(value, tuple) else list
        return kind(to_plain(item) for item in value)
    if value is None or isinstance(value, bool | int | float | str | torch.Tensor):
        return value
    raise TypeError(f"a checkpoint cannot hold a {type(value).__name__}: {value!r}")
