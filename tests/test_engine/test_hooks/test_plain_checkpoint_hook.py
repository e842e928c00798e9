from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmpretrain.registry import HOOKS, MODELS
from torch import nn

from tests.golden import tiny_lpt

RUNNER = SimpleNamespace(model=nn.Identity())


def make_checkpoint():
    history = HistoryBuffer([1.0, 2.0], [1, 3], max_length=10)
    return dict(
        meta=dict(epoch=np.int64(3), names=("a", "b"), none=None),
        state_dict=OrderedDict(w=torch.ones(2)),
        message_hub=dict(log_scalars={"train/loss": history}, runtime_info={}),
        optimizer=dict(state={0: dict(buffer=np.arange(3))}),
    )


def test_a_saved_checkpoint_loads_without_running_code(tmp_path):
    hook, checkpoint = HOOKS.build(dict(type="PlainCheckpointHook")), make_checkpoint()
    hook.before_save_checkpoint(RUNNER, checkpoint)
    torch.save(checkpoint, tmp_path / "c.pth")
    unsafe = torch.serialization.get_unsafe_globals_in_checkpoint
    assert unsafe(tmp_path / "c.pth") == []

    loaded = torch.load(tmp_path / "c.pth", weights_only=True)
    hook.after_load_checkpoint(None, loaded)
    history = loaded["message_hub"]["log_scalars"]["train/loss"]
    assert isinstance(history, HistoryBuffer)
    assert (
        history.mean()
        == make_checkpoint()["message_hub"]["log_scalars"]["train/loss"].mean()
    )
    assert loaded["meta"] == dict(epoch=3, names=("a", "b"), none=None)
    assert loaded["optimizer"]["state"][0]["buffer"].tolist() == [0, 1, 2]


def test_refuses_what_would_need_code():
    hook = HOOKS.build(dict(type="PlainCheckpointHook"))
    with pytest.raises(TypeError, match="cannot hold a function"):
        hook.before_save_checkpoint(
            RUNNER, dict(meta=dict(f=test_refuses_what_would_need_code))
        )


def test_a_checkpoint_without_history_is_left_alone():
    hook, checkpoint = (
        HOOKS.build(dict(type="PlainCheckpointHook")),
        dict(state_dict={}),
    )
    hook.after_load_checkpoint(None, checkpoint)
    assert checkpoint == dict(state_dict={})


def test_what_no_weight_shows_is_recorded():
    runner = SimpleNamespace(model=MODELS.build(tiny_lpt(1)))
    checkpoint = make_checkpoint()
    hook = HOOKS.build(dict(type="PlainCheckpointHook"))
    hook.before_save_checkpoint(runner, checkpoint)
    backbone = dict(num_heads=3, layer_norm_eps=1e-6, activation="GELU")
    assert checkpoint["meta"]["backbone"] == backbone
