"""Checkpoints that are light, and that torch loads without running any code."""

from collections import OrderedDict

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model

from lpt_mm.engine.hooks.checkpoint_check_hook import HISTORY_KEYS
from lpt_mm.engine.hooks.safe_checkpoint_hook import SaveError
from lpt_mm.engine.hooks.settings_check_hook import find_preprocessing
from lpt_mm.models.backbones import PromptedViT
from lpt_mm.weights.comparison import find_non_finite
from lpt_mm.weights.identity import leave_out_backbone

LOG_STEPS = 10_000  # more than any window of the log; all of them would be megabytes
# States of a model in a checkpoint, and how their names begin; EMAHook averages them.
STATES = dict(state_dict="", ema_state_dict="module.")


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Save what was trained and what is needed to use it, as plain objects.

    The frozen layers of a ``PromptedViT`` that come from pre-trained weights are left
    out: ``backbone.identity`` stands for them, and they are loaded from their source
    again. ``HistoryBuffer`` and numpy objects, which ``torch.load`` refuses, become
    tensors and numbers; the log history, its last 10,000 steps, is made whole again
    when a run resumes. ``meta`` gets ``backbone`` (:attr:`PromptedViT.identity`) and
    ``preprocessing``.

    Args:
        with_backbone: Whether to save the frozen layers, too.
    """

    priority = "LOWEST"  # after the hooks that add keys of their own

    def __init__(self, with_backbone: bool = False) -> None:
        self.with_backbone = with_backbone

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Replace everything that is not plain; leave out what can be had again."""
        backbone = getattr(get_ori_model(runner.model), "backbone", None)
        meta = checkpoint["meta"]
        meta["preprocessing"] = find_preprocessing(runner.cfg)
        if isinstance(backbone, PromptedViT):
            meta["backbone"] = backbone.identity
            if backbone.frozen and backbone.source and not self.with_backbone:
                for key in STATES.keys() & checkpoint.keys():
                    checkpoint[key] = leave_out_backbone(
                        checkpoint[key], meta["backbone"], STATES[key]
                    )
        if fault := find_non_finite(checkpoint["state_dict"]):
            raise SaveError(
                f"the model {fault}, and is not saved; lower the learning rate "
                "(optim_wrapper.optimizer.lr) and go on with --resume"
            )
        for key in checkpoint.keys() - {"state_dict"}:
            checkpoint[key] = to_plain(checkpoint[key])

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Rebuild the log history."""
        scalars = checkpoint.get("message_hub", {}).get("log_scalars", {})
        for name, value in scalars.items():
            if isinstance(value, dict) and value.keys() == HISTORY_KEYS:
                scalars[name] = HistoryBuffer(
                    value["history_values"].cpu().numpy(),
                    value["history_counts"].cpu().numpy(),
                    value["max_length"],
                )


def to_plain(value: object) -> object:
    """Convert to builtin containers, numbers, strings and tensors."""
    if isinstance(value, HistoryBuffer):
        values, counts = value.data
        return dict(
            history_values=torch.as_tensor(values[-LOG_STEPS:].copy()),
            history_counts=torch.as_tensor(counts[-LOG_STEPS:].copy()),
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
