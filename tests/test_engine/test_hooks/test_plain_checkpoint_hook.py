from collections import OrderedDict
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmpretrain.registry import HOOKS, MODELS
from torch import nn

from lpt_mm.engine.hooks.plain_checkpoint_hook import LOG_STEPS, to_plain
from lpt_mm.engine.hooks.safe_checkpoint_hook import SaveError
from lpt_mm.weights.identity import leave_out_backbone
from lpt_mm.weights.skeleton import build_skeleton
from tests.conftest import ROOT
from tests.golden import tiny_lpt

RUNNER = SimpleNamespace(model=nn.Identity(), cfg=Config())


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
    assert loaded["meta"].items() >= dict(epoch=3, names=("a", "b"), none=None).items()
    assert loaded["optimizer"]["state"][0]["buffer"].tolist() == [0, 1, 2]


def test_refuses_what_would_need_code():
    hook = HOOKS.build(dict(type="PlainCheckpointHook"))
    with pytest.raises(TypeError, match="cannot hold a function"):
        hook.before_save_checkpoint(
            RUNNER, dict(meta=dict(f=test_refuses_what_would_need_code), state_dict={})
        )


def test_a_checkpoint_without_history_is_left_alone():
    hook, checkpoint = (
        HOOKS.build(dict(type="PlainCheckpointHook")),
        dict(state_dict={}),
    )
    hook.after_load_checkpoint(None, checkpoint)
    assert checkpoint == dict(state_dict={})


def test_what_no_weight_shows_is_recorded():
    checkpoint = save(MODELS.build(tiny_lpt(1)))
    backbone = checkpoint["meta"]["backbone"]
    assert backbone | NUMERICS == backbone
    assert backbone["architecture"] == "ViT (24 wide, 4 layers, patch 8)"


NUMERICS = dict(num_heads=3, layer_norm_eps=1e-6, activation="GELU")
PREPARED = dict(type="ClsDataPreprocessor", mean=[1.0, 2.0, 3.0], to_rgb=True)


def save(model, more=(), **options):
    """Let the hook prepare a checkpoint of a model."""
    pipeline = [dict(type="CenterCrop", crop_size=(8, 8))]
    cfg = Config(
        dict(
            model=dict(data_preprocessor=PREPARED),
            test_dataloader=dict(dataset=dict(pipeline=pipeline)),
        )
    )
    checkpoint = make_checkpoint() | dict(more, state_dict=model.state_dict())
    hook = HOOKS.build(dict(type="PlainCheckpointHook", **options))
    hook.before_save_checkpoint(SimpleNamespace(model=model, cfg=cfg), checkpoint)
    return checkpoint


def test_frozen_layers_with_a_source_are_left_out(tmp_path):
    cfg = tiny_lpt(2)
    whole = MODELS.build(cfg)
    torch.save(whole.backbone.frozen_state(), tmp_path / "vit.pth")
    source = str(tmp_path / "vit.pth")
    cfg["backbone"]["init_cfg"] = dict(type="PretrainedViT", checkpoint=source)
    model = MODELS.build(cfg)
    assert save(model)["state_dict"].keys() == model.state_dict().keys()
    model.backbone.init_weights()
    trained = {k for k in model.state_dict() if not k.startswith("backbone.")}
    kept = {*trained, "backbone.shared_prompts", "backbone.identity"}
    checkpoint = save(model)
    assert checkpoint["state_dict"].keys() == kept
    assert checkpoint["meta"]["backbone"]["source"] == source
    everything = save(model, with_backbone=True)["state_dict"]
    assert everything.keys() == model.state_dict().keys()
    average = {f"module.{name}": x for name, x in model.state_dict().items()}
    both = save(model, dict(ema_state_dict=dict(average, steps=torch.tensor(3))))
    light = checkpoint["state_dict"].keys()
    assert both["state_dict"].keys() == light
    assert both["ema_state_dict"].keys() == {f"module.{k}" for k in light} | {"steps"}
    model.backbone.frozen = False  # all of it is trained
    assert save(model)["state_dict"].keys() == model.state_dict().keys()


def test_how_images_are_prepared_is_recorded():
    meta = save(nn.Identity())["meta"]
    assert meta["preprocessing"] == dict(
        data_preprocessor=PREPARED,
        pipeline=[dict(type="CenterCrop", crop_size=[8, 8])],
    )


def test_long_logs_are_cut():
    log = HistoryBuffer(list(range(30_000)), [1] * 30_000, max_length=10**6)
    plain = to_plain(log)
    assert plain["history_values"].tolist() == list(range(20_000, 30_000))
    assert plain["history_counts"].nbytes <= 80_000
    torch.save(plain, buffer := BytesIO())
    assert buffer.tell() < 170_000  # not a view of all of it


def test_a_checkpoint_of_places_is_light():
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / "phase2_places_lt.py")
    model = build_skeleton(cfg.model)
    identity = dict(source="timm:vit_base_patch16_224.augreg_in21k", fingerprint="0")
    light = leave_out_backbone(model.state_dict(), identity)
    momentum = sum(p.nbytes for p in model.parameters() if p.requires_grad)
    size = sum(tensor.nbytes for tensor in light.values())
    logs = 8 * LOG_STEPS * 16
    assert size < 6e6
    assert size + momentum + logs < 20e6


def test_a_model_that_is_broken_is_not_saved():
    model = MODELS.build(tiny_lpt(2))
    with torch.no_grad():
        model.neck.prompt_keys[0, 0] = torch.inf
    with pytest.raises(SaveError, match=r"no finite numbers: neck\.prompt_keys,"):
        save(model)
