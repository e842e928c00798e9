"""What may change where a run goes on, and what happens then.

The table of docs/reliability.md, line by line. Runs are of 4 epochs of 5 steps.
"""

import shutil
from itertools import pairwise

import pytest
import torch

from lpt_mm.weights.errors import WeightFileError
from tests.test_engine.short_runs import IMAGES, assert_same, make_runner, read

LR = "optim_wrapper.optimizer.lr"
BATCH = "train_dataloader.batch_size"
ACCUMULATE = "optim_wrapper.accumulative_counts"
RATE, BETA = 0, 1  # in what is recorded of a step


def train(folder, **kwargs):
    runner, record = make_runner(folder, **kwargs)
    runner.train()
    return runner, record


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A run that was saved after each epoch and each third step."""
    folder = tmp_path_factory.mktemp("saved")
    keep = {"default_hooks.checkpoint.max_keep_ckpts": -1}
    for saving in ("epoch", "iter"):
        _, record = train(folder / saving, saving=saving, **keep)
        for file in (folder / saving).glob("*.pth"):
            shutil.copy(file, folder)
    return folder, record


@pytest.fixture(scope="module")
def anew(tmp_path_factory):
    """Records of runs that had their settings from the beginning, each run once."""
    records = {}

    def train_anew(changes):
        if repr(changes) not in records:
            _, records[repr(changes)] = train(
                tmp_path_factory.mktemp("anew"), **changes
            )
        return records[repr(changes)]

    return train_anew


def column(record, which):
    return {step: facts[which] for step, facts in record.steps.items()}


@pytest.mark.parametrize("start", ["epoch_2.pth", "iter_12.pth"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"train_dataloader.num_workers": 1},
        {"val_dataloader.batch_size": 100, "default_hooks.logger.interval": 1},
        {"default_hooks.checkpoint.interval": 2},
    ],
)
def test_what_changes_nothing(saved, tmp_path, start, changes):
    folder, record = saved
    _, resumed = train(tmp_path, resume=folder / start, **changes)
    assert resumed.steps == {i: record.steps[i] for i in resumed.steps}
    assert min(resumed.steps) == int(read(folder / start)["meta"]["iter"])


def test_an_optimizer_that_notes_how_it_treats_a_parameter(tmp_path):
    muon = dict(_delete_=True, type="timm.optim.Muon", lr=0.01)
    muon = {"optim_wrapper.optimizer": muon}
    whole, _ = train(tmp_path / "whole", epochs=2, **muon)
    saved = tmp_path / "whole" / "epoch_1.pth"
    resumed, _ = train(tmp_path / "resumed", epochs=2, resume=saved, **muon)
    assert_same(resumed.model.state_dict(), whole.model.state_dict())


@pytest.mark.parametrize("start", ["epoch_2.pth", "iter_12.pth"])
@pytest.mark.parametrize(
    "changes",
    [
        dict(epochs=6),
        dict(epochs=3),
        {LR: 0.007},
        {"auto_scale_lr.enable": False, LR: 0.003},
        {
            "param_scheduler": [
                dict(type="ConstantLR", factor=0.5, by_epoch=True, end=3)
            ]
        },
        {"default_hooks.beta_schedule.eta": 0.9},
    ],
)
def test_the_schedule_is_that_of_a_run_with_the_settings_of_now(
    saved, anew, tmp_path, start, changes
):
    folder, _ = saved
    _, resumed = train(tmp_path, resume=folder / start, **changes)
    for which in (RATE, BETA):
        expected = column(anew(changes), which)
        assert column(resumed, which) == {i: expected[i] for i in resumed.steps}


def test_another_batch_has_its_own_steps_and_rate(saved, tmp_path):
    folder, _ = saved
    _, expected = train(tmp_path / "anew", **{BATCH: 4})
    _, resumed = train(
        tmp_path / "resumed", resume=folder / "epoch_2.pth", **{BATCH: 4}
    )
    assert list(resumed.steps) == list(range(20, 40))
    anew = column(expected, RATE)
    assert column(resumed, RATE) == {i: anew[i] for i in resumed.steps}
    # and once more, without a change
    _, again = train(
        tmp_path / "again", resume=tmp_path / "resumed" / "epoch_3.pth", **{BATCH: 4}
    )
    assert again.steps == {i: resumed.steps[i] for i in range(30, 40)}


def test_other_settings_of_the_optimizer_hold(saved, tmp_path):
    folder, _ = saved
    decay, momentum = "weight_decay", "momentum"
    changes = {f"optim_wrapper.optimizer.{decay}": 0.5}
    changes |= {f"optim_wrapper.optimizer.{momentum}": 0.3}
    runner, _ = make_runner(tmp_path, resume=folder / "epoch_4.pth", **changes)
    runner.train()
    group = runner.optim_wrapper.optimizer.param_groups[0]
    assert (group[decay], group[momentum]) == (0.5, 0.3)
    state = runner.optim_wrapper.optimizer.state_dict()["state"]
    assert_same(state, read(folder / "epoch_4.pth")["optimizer"]["state"])


def test_a_changed_setting_is_named_in_the_log(saved, tmp_path):
    folder, _ = saved
    runner, _ = make_runner(
        tmp_path, resume=folder / "epoch_2.pth", epochs=6, **{LR: 0.5}
    )
    said = []
    runner.logger.info = said.append
    runner.train()
    (line,) = [line for line in said if line.startswith("the run goes on")]
    assert "at epoch 3 of 6, step 1, learning rate 0.375" in line
    assert "optim_wrapper.optimizer.lr: 0.02 -> 0.5" in line
    assert "train_cfg.max_epochs: 4 -> 6" in line
    assert line.count("->") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"model.head.dropout": 0.5},
        {"model.head.loss.margin": 0.3},
        {"train_dataloader.sampler": dict(type="DualSampler", images_per_class=1)},
        {"train_dataloader.dataset.dataset.pipeline": [dict(type="PackInputs")]},
    ],
)
def test_other_settings_of_training_hold(saved, tmp_path, changes):
    folder, _ = saved
    _, resumed = train(tmp_path, resume=folder / "iter_12.pth", epochs=3, **changes)
    _, again = train(tmp_path / "b", resume=folder / "iter_12.pth", epochs=3)
    assert list(resumed.steps) == [12, 13, 14]
    assert column(resumed, RATE) == column(again, RATE)
    assert all(resumed.steps[i] != again.steps[i] for i in again.steps)


@pytest.mark.parametrize(
    ("start", "changes", "message"),
    [
        ("iter_12.pth", {BATCH: 4}, "cannot change: .*images_per_step 8 -> 4"),
        (
            "iter_12.pth",
            {"train_dataloader.dataset.dataset.indices": IMAGES[1:]},
            "cannot change: images 43 -> 42;",  # as many steps
        ),
        ("iter_12.pth", {ACCUMULATE: 2}, "cannot change: accumulative_counts 1 -> 2"),
        (
            "epoch_2.pth",
            {"randomness.seed": 1},
            "began with seed 0, .* randomness.seed",
        ),
        ("epoch_2.pth", dict(epochs=1), "has done 2 epochs, more than .*max_epochs=1"),
        (
            "epoch_2.pth",
            {"optim_wrapper.optimizer": dict(_delete_=True, type="AdamW", lr=0.1)},
            "not that of the optimizer AdamW",
        ),
        (
            "epoch_2.pth",
            {
                "optim_wrapper.paramwise_cfg": dict(
                    custom_keys={"head": dict(lr_mult=2)}
                )
            },
            "other groups of parameters",
        ),
        (
            "epoch_2.pth",
            {
                "param_scheduler": [
                    dict(type="ReduceOnPlateauLR", monitor="long_tail/few")
                ]
            },
            "ReduceOnPlateauLR",
        ),
    ],
)
def test_what_cannot_change_is_refused(saved, tmp_path, start, changes, message):
    folder, _ = saved
    runner, record = make_runner(tmp_path, resume=folder / start, **changes)
    with pytest.raises(WeightFileError, match=message):
        runner.train()
    assert not record.steps
    assert not list(tmp_path.glob("*.pth"))


def test_a_finished_run_is_finished_again_without_a_step(saved, tmp_path):
    folder, _ = saved
    _, record = train(tmp_path, resume=folder / "epoch_4.pth")
    assert (record.steps, record.validations) == ({}, [4])


def test_resuming_past_the_rules_is_refused(saved, tmp_path):
    folder, _ = saved
    runner, record = make_runner(tmp_path, **{"auto_scale_lr.enable": False})
    runner.resume(str(folder / "epoch_2.pth"))
    with pytest.raises(ValueError, match="set resume=True and load_from"):
        runner.train()
    assert not record.steps


def test_the_learning_rate_follows_the_images_of_a_step(tmp_path):
    _, one = train(tmp_path / "one", epochs=1)
    _, four = train(tmp_path / "four", epochs=1, **{ACCUMULATE: 4})
    assert column(four, RATE) == {i: 4 * rate for i, rate in column(one, RATE).items()}
    unscaled = {"auto_scale_lr.enable": False}
    _, plain = train(tmp_path / "plain", epochs=1, **{ACCUMULATE: 4}, **unscaled)
    assert column(plain, RATE) == column(one, RATE)


def test_an_accumulation_ends_with_its_epoch(tmp_path):
    """5 batches, 3 of which make a step: steps after the 3rd and the 5th."""
    weights = []

    class Watch:
        def __call__(self, runner):
            weights.append(runner.model.head.weight.detach().clone())

    runner, record = make_runner(tmp_path, epochs=2, **{ACCUMULATE: 3})
    watch, after = Watch(), type(record).after_train_iter
    record.after_train_iter = lambda runner, *args, **kwargs: (
        watch(runner),
        after(record, runner, *args, **kwargs),
    )
    runner.train()
    changed = [not torch.equal(a, b) for a, b in pairwise(weights)]
    #           0-1    1-2   2-3    3-4   4-5    5-6    6-7   7-8    8-9
    assert changed == [False, True, False, True, False, False, True, False, True]


@pytest.mark.parametrize("start", ["iter_3.pth", "iter_6.pth", "iter_9.pth"])
def test_a_resume_within_an_accumulation_is_exact(tmp_path, start):
    keep = {"default_hooks.checkpoint.max_keep_ckpts": -1, ACCUMULATE: 2}
    _, whole = train(tmp_path / "whole", saving="iter", **keep)
    _, resumed = train(
        tmp_path / "resumed", saving="iter", resume=tmp_path / "whole" / start, **keep
    )
    assert resumed.steps == {i: whole.steps[i] for i in resumed.steps}
    final, expected = (
        read(tmp_path / run / "iter_20.pth") for run in ("resumed", "whole")
    )
    for part in ("state_dict", "optimizer", "param_schedulers"):
        assert_same(final[part], expected[part])


def test_averaged_weights_are_resumed_exactly_and_stay_light(tmp_path):
    ema = dict(custom_hooks=[dict(type="EMAHook", momentum=0.1)])
    _, whole = train(tmp_path / "whole", **ema)
    _, resumed = train(tmp_path / "b", resume=tmp_path / "whole" / "epoch_3.pth", **ema)
    assert resumed.steps == {i: whole.steps[i] for i in resumed.steps}
    final, expected = (read(tmp_path / run / "epoch_4.pth") for run in ("b", "whole"))
    for part in ("state_dict", "ema_state_dict", "optimizer"):
        assert_same(final[part], expected[part])
    assert not torch.equal(
        final["state_dict"]["head.weight"],
        final["ema_state_dict"]["module.head.weight"],
    )
    assert (tmp_path / "b" / "epoch_4.pth").stat().st_size < 100_000


def test_averages_cannot_go_back_within_an_accumulation(tmp_path):
    keep = {ACCUMULATE: 2, "custom_hooks": [dict(type="EMAHook")]}
    train(tmp_path / "a", saving="iter", epochs=1, **keep)
    runner, _ = make_runner(
        tmp_path / "b", resume=tmp_path / "a" / "iter_3.pth", **keep
    )
    with pytest.raises(WeightFileError, match="averages .* between two steps"):
        runner.train()
