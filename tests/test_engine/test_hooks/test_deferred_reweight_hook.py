import shutil
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from mmpretrain.registry import HOOKS, MODELS
from torch import nn
from torch.testing import assert_close

from lpt_mm.engine.hooks import ClassCountHook
from tests.conftest import ROOT
from tests.docs_pages import files
from tests.golden import tiny_lpt
from tests.test_engine.short_runs import make_runner

COUNTS = [40, 20, 10, 8, 4, 2, 1]
LOSS = 3  # in what is recorded of a step


class Weights(Hook):
    """Note the weights of both losses in each step."""

    def __init__(self):
        self.steps = {}

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        head = runner.model.head
        losses = (head.loss_module, head.instance_loss_module)
        self.steps[runner.iter] = [loss.class_weight for loss in losses]


def train(folder, hook=None, **kwargs):
    """Train phase 1, 5 steps an epoch, with a hook if any."""
    runner, record = make_runner(folder, custom_hooks=[hook] if hook else [], **kwargs)
    weights = Weights()
    runner.register_hook(weights)
    runner.train()
    return record.steps, weights.steps


def drw(begin=1, **options):
    return dict(type="DeferredReweightHook", begin=begin, **options)


def runner_with(
    model=None, loop=EpochBasedTrainLoop, counts=COUNTS, max_epochs=4, epoch=0
):
    counter = ClassCountHook()
    counter.cls_num_list = counts
    return SimpleNamespace(
        model=model or MODELS.build(tiny_lpt(1)),
        train_loop=object.__new__(loop),
        hooks=[counter],
        max_epochs=max_epochs,
        epoch=epoch,
        logger=SimpleNamespace(info=lambda _: None),
    )


@pytest.mark.parametrize("wrap", [lambda model: model, nn.DataParallel])
def test_both_losses_get_the_weights_from_the_epoch_on(wrap):
    # The effective number is also the sum 1 + beta + ... + beta ** (n - 1).
    inverse = [1 / sum(0.9**i for i in range(n)) for n in COUNTS]
    expected = torch.tensor(inverse) * len(COUNTS) / sum(inverse)
    model = MODELS.build(tiny_lpt(1))
    losses = (model.head.loss_module, model.head.instance_loss_module)
    assert losses[0] is not losses[1]
    hook = HOOKS.build(drw(begin=2, beta=0.9))
    runner = runner_with(wrap(model))
    hook.before_train(runner)
    for runner.epoch in range(4):
        hook.before_train_epoch(runner)
        for loss in losses:
            if runner.epoch < 2:
                assert loss.class_weight is None
            else:
                assert_close(loss.class_weight.float(), expected)
                assert loss.class_weight.mean().item() == pytest.approx(1)


def test_images_weigh_in_a_run_and_after_a_resume_as_without_interruption(tmp_path):
    plain, _ = train(tmp_path / "plain", epochs=2)
    options = dict(hook=drw(begin=1), epochs=2, saving="iter")
    keep = {"default_hooks.checkpoint.max_keep_ckpts": -1}
    steps, weights = train(tmp_path / "whole", **options, **keep)
    assert {i: steps[i] for i in range(5)} == {i: plain[i] for i in range(5)}
    assert all(steps[i][LOSS] != plain[i][LOSS] for i in range(5, 10))
    assert weights[4] == [None, None]
    assert all(len(weight) == 10 for i in range(5, 10) for weight in weights[i])
    resume = tmp_path / "whole" / "iter_6.pth"
    resumed, _ = train(tmp_path / "resumed", resume=resume, **options)
    assert resumed == {i: steps[i] for i in range(6, 10)}


@pytest.mark.parametrize("loss", ["GCLLoss", "LDAMLoss", "SoftmaxFocalLoss"])
def test_any_loss_of_the_package_is_weighted(loss):
    model = MODELS.build(tiny_lpt(1))
    model.head.loss_module = MODELS.build(dict(type=loss))
    model.head.instance_loss_module = None
    hook, runner = HOOKS.build(drw(begin=0)), runner_with(model)
    hook.before_train(runner)
    hook.before_train_epoch(runner)
    assert len(model.head.loss_module.class_weight) == len(COUNTS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(begin=-1), "begin must be an epoch, 0 or later, got -1"),
        (dict(begin=1, beta=1.0), r"beta must be in \[0, 1\), got 1.0"),
        (dict(begin=1, beta=-0.5), r"beta must be in \[0, 1\), got -0.5"),
    ],
)
def test_refuses_other_settings(options, message):
    with pytest.raises(ValueError, match=message):
        HOOKS.build(dict(type="DeferredReweightHook", **options))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(loop=IterBasedTrainLoop), "set train_cfg.type='ResumableTrainLoop'"),
        (dict(max_epochs=2), "begin=2 .* never reached: .*max_epochs=2 epochs is 1"),
        (dict(counts=None), "needs the class counts: add .*ClassCountHook"),
    ],
)
def test_refuses_runs_without_effect(change, message):
    hook = HOOKS.build(drw(begin=2))
    with pytest.raises(ValueError, match=message):
        hook.before_train(runner_with(**change))


@pytest.mark.parametrize("which", ["loss_module", "instance_loss_module"])
def test_refuses_losses_that_it_cannot_weight(which):
    model = MODELS.build(tiny_lpt(1))
    setattr(model.head, which, MODELS.build(dict(type="CrossEntropyLoss")))
    hook = HOOKS.build(drw())
    with pytest.raises(ValueError, match="cannot weight CrossEntropyLoss: set model"):
        hook.before_train(runner_with(model))


def test_the_config_of_the_page_trains(tmp_path, run_here):
    leaf = "configs/baselines/gnm_digits_lt.py"
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    (tmp_path / leaf).write_text(files("docs/guide/configs.md")[leaf])
    now = ("train_cfg.max_epochs=1", "custom_hooks.0.begin=0")
    out = run_here(ROOT / "tools" / "train.py", leaf, "--cfg-options", *now)
    assert "weighted by the effective number (beta 0.9998)" in out
    assert "long_tail/overall" in out
