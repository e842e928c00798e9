from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
import torch
from mmengine.model import is_model_wrapper
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from mmpretrain.registry import HOOKS, MODELS
from torch import nn

from tests.golden import tiny_lpt
from tests.test_engine.short_runs import assert_same, make_runner, read

HOOK = dict(type="ChoiceNoiseHook")
NOISE = {"model.neck.choice_noise": 0.4, "model.backbone.frozen_prompts": False}


def build_model(choice_noise):
    cfg = tiny_lpt(2)
    cfg["neck"]["choice_noise"] = choice_noise
    return MODELS.build(cfg)


def scales(model, max_epochs):
    found, neck = [], (model.module if is_model_wrapper(model) else model).neck
    for epoch in range(max_epochs):
        hub = MagicMock()
        facts = dict(epoch=epoch, max_epochs=max_epochs, message_hub=hub)
        HOOKS.build(HOOK).before_train_epoch(SimpleNamespace(model=model, **facts))
        hub.update_scalar.assert_called_once_with(
            "train/choice_noise", neck.noise_scale
        )
        found.append(neck.noise_scale)
    return found


def test_noise_falls_linearly():
    assert scales(build_model(0.4), 4) == pytest.approx([0.4, 0.3, 0.2, 0.1])
    assert scales(nn.DataParallel(build_model(2)), 2) == [2, 1]


@pytest.mark.parametrize("model", [build_model, lambda noise: nn.Module()])
def test_does_nothing_without_noise(model):
    runner = SimpleNamespace(model=model(0.0), train_loop=MagicMock())
    HOOKS.build(HOOK).before_train(runner)
    HOOKS.build(HOOK).before_train_epoch(runner)
    assert getattr(getattr(runner.model, "neck", None), "noise_scale", 0.0) == 0


def test_noise_needs_epochs():
    hook, model = HOOKS.build(HOOK), build_model(1.0)
    for loop in (EpochBasedTrainLoop, IterBasedTrainLoop):
        runner = SimpleNamespace(model=model, train_loop=MagicMock(spec=loop))
        if loop is EpochBasedTrainLoop:
            hook.before_train(runner)
        else:
            with pytest.raises(ValueError, match=r"set train_cfg\.type='Resumable"):
                hook.before_train(runner)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Train with noise in one go."""
    folder = tmp_path_factory.mktemp("whole")
    keep = {"default_hooks.checkpoint.max_keep_ckpts": -1}
    runner, record = make(folder, saving="iter", **keep)
    runner.train()
    return folder, runner, record


def make(folder, **kwargs):
    changes = {"phase1_work_dir": None, **NOISE, **kwargs}
    return make_runner(folder, config="phase2", epochs=3, **changes)


@pytest.mark.parametrize("start", ["iter_3.pth", "iter_9.pth", "iter_12.pth"])
def test_a_run_with_noise_goes_on_bit_for_bit(whole, tmp_path, start):
    folder, runner, record = whole
    resumed, again = make(tmp_path, saving="iter", resume=folder / start)
    resumed.train()
    assert again.steps == {i: record.steps[i] for i in again.steps}
    assert min(again.steps) == read(folder / start)["meta"]["iter"]
    assert_same(dict(resumed.model.state_dict()), dict(runner.model.state_dict()))


def test_noise_has_an_effect_in_training(whole, tmp_path):
    runner, record = make(tmp_path, **{"model.neck.choice_noise": 0.0})
    runner.train()
    assert not torch.equal(
        runner.model.neck.prompt_keys, whole[1].model.neck.prompt_keys
    )
    assert record.steps[0] != whole[2].steps[0]
