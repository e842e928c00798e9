from functools import partial
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from mmengine.dataset import default_collate
from mmengine.model import is_model_wrapper
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from mmpretrain.registry import DATA_SAMPLERS, DATASETS, HOOKS, MODELS
from torch import nn

from lpt_mm.datasets import dual_collate
from tests.golden import tiny_lpt


def loader_with(sampler="DualSampler", collate=dual_collate):
    digits = DATASETS.build(dict(type="DigitsLT", split="train"))
    sampler = DATA_SAMPLERS.build(dict(type=sampler, dataset=digits, seed=0))
    return SimpleNamespace(sampler=sampler, collate_fn=collate)


def beta_of_epochs(hook, model, max_epochs):
    betas = []
    for epoch in range(max_epochs):
        runner = SimpleNamespace(
            model=model,
            epoch=epoch,
            max_epochs=max_epochs,
            message_hub=MagicMock(),
            train_dataloader=loader_with(),
        )
        hook.before_train_epoch(runner)
        inner = model.module if is_model_wrapper(model) else model
        runner.message_hub.update_scalar.assert_called_once_with(
            "train/beta", inner.beta
        )
        betas.append(inner.beta)
    return betas


def test_beta_falls_linearly():
    hook = HOOKS.build(dict(type="BetaScheduleHook"))
    assert beta_of_epochs(hook, nn.Module(), 4) == [0.5, 0.375, 0.25, 0.125]
    hook = HOOKS.build(dict(type="BetaScheduleHook", eta=1.0))
    assert beta_of_epochs(hook, nn.Module(), 2) == [1.0, 0.5]


def test_beta_reaches_a_wrapped_model():
    wrapped = nn.DataParallel(nn.Module())
    hook = HOOKS.build(dict(type="BetaScheduleHook"))
    assert beta_of_epochs(hook, wrapped, 2) == [0.5, 0.25]


def test_does_nothing_without_dual_sampling():
    hook, model = HOOKS.build(dict(type="BetaScheduleHook")), nn.Module()
    loader = loader_with(sampler="DefaultSampler", collate=default_collate)
    runner = SimpleNamespace(model=model, train_dataloader=loader)
    hook.before_train(runner)
    hook.before_train_epoch(runner)
    assert not hasattr(model, "beta")


@pytest.mark.parametrize("collate", [dual_collate, partial(dual_collate)])
def test_accepts_the_dual_collate(collate):
    hook = HOOKS.build(dict(type="BetaScheduleHook"))
    assert hook.before_train(runner_with(collate=collate)) is None


def test_refuses_a_plain_collate_of_dual_samples():
    hook = HOOKS.build(dict(type="BetaScheduleHook"))
    with pytest.raises(ValueError, match=r"default_collate cannot batch: set .*dual_c"):
        hook.before_train(runner_with(collate=partial(default_collate)))


def test_refuses_a_model_that_does_not_split_dual_batches():
    hook = HOOKS.build(dict(type="BetaScheduleHook"))
    with pytest.raises(ValueError, match="Linear does not split dual batches: use LPT"):
        hook.before_train(runner_with(model=nn.Linear(1, 1)))


def test_refuses_a_loop_without_epochs():
    hook = HOOKS.build(dict(type="BetaScheduleHook"))
    with pytest.raises(ValueError, match="ResumableTrainLoop"):
        hook.before_train(runner_with(loop=IterBasedTrainLoop))


def runner_with(collate=dual_collate, model=None, loop=EpochBasedTrainLoop):
    return SimpleNamespace(
        train_dataloader=loader_with(collate=collate),
        model=model or MODELS.build(tiny_lpt(1)),
        train_loop=object.__new__(loop),
    )


def test_refuses_a_negative_eta():
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        HOOKS.build(dict(type="BetaScheduleHook", eta=-1))
