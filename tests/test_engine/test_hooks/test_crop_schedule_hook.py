"""How the least share of crops grows from epoch to epoch."""

from types import SimpleNamespace

import pytest
from mmengine.config import Config
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner

from lpt_mm.datasets.transforms import GrowingSquareCrop
from lpt_mm.engine.hooks import CropScheduleHook
from lpt_mm.utils.errors import UserError
from tests.conftest import ROOT

# By hand: for t = 0, 1/4, 1/2, 3/4 and 1, 1 - sqrt(1 - t^2) is 0, 0.0317542, 0.1339746,
# 0.3385622 and 1.
FIVE_EPOCHS = [0.08, 0.1092138, 0.2032566, 0.3914772, 1.0]


class Noted(CropScheduleHook):
    """Note the shares that the data set has while an epoch runs."""

    def __init__(self):
        self.shares = []

    def before_train_epoch(self, runner):
        super().before_train_epoch(runner)
        crop = runner.train_dataloader.dataset.pipeline.transforms[0]
        logged = runner.message_hub.get_scalar("train/least_share").current()
        assert logged == crop.least_share
        self.shares.append(crop.least_share)


def shares_of(folder, start=None):
    """Train phase 1 on digits, and note the share of each epoch."""
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / "phase1_digits_lt.py")
    crop = [dict(type="GrowingSquareCrop", scale=8), dict(type="PackInputs")]
    cfg.train_dataloader.dataset.dataset.pipeline = crop
    cfg.train_cfg.update(max_epochs=5, val_interval=9)
    cfg.default_hooks.checkpoint.update(interval=1, max_keep_ckpts=-1)
    cfg.update(work_dir=str(folder), log_level="ERROR", experiment_name=folder.name)
    cfg.update(load_from=start, resume=start is not None)
    runner = Runner.from_cfg(cfg)
    runner.register_hook(noted := Noted())
    runner.train()
    return noted.shares


def test_the_share_grows_with_the_epochs_and_goes_on_at_a_resume(tmp_path):
    whole, rest = tmp_path / "whole", tmp_path / "rest"
    assert shares_of(whole) == pytest.approx(FIVE_EPOCHS, abs=1e-7)
    resumed = shares_of(rest, str(whole / "epoch_3.pth"))
    assert resumed == pytest.approx(FIVE_EPOCHS[3:], abs=1e-7)


def runner_of(dataset, loop=EpochBasedTrainLoop, epoch=0, max_epochs=1):
    hub = SimpleNamespace(update_scalar=lambda *args: None)
    return SimpleNamespace(
        train_dataloader=SimpleNamespace(dataset=dataset),
        train_loop=loop.__new__(loop),
        epoch=epoch,
        max_epochs=max_epochs,
        message_hub=hub,
    )


def dataset_of(*transforms):
    pipeline = SimpleNamespace(transforms=transforms)
    return SimpleNamespace(pipeline=pipeline)


def test_one_epoch_has_random_crops_and_wrappers_are_looked_into():
    crops = GrowingSquareCrop(8), GrowingSquareCrop(8)
    parts = [SimpleNamespace(dataset=dataset_of(crop, "other")) for crop in crops]
    joined = SimpleNamespace(datasets=parts)
    hook = CropScheduleHook()
    hook.before_train(runner_of(joined))
    for epoch, number, share in ((0, 1, 0.08), (1, 2, 1.0), (0, 2, 0.08)):
        hook.before_train_epoch(runner_of(joined, epoch=epoch, max_epochs=number))
        assert [crop.least_share for crop in crops] == pytest.approx([share] * 2)


def test_a_hook_with_nothing_to_set_is_refused():
    hook = CropScheduleHook()
    with pytest.raises(UserError, match="no GrowingSquareCrop"):
        hook.before_train(runner_of(dataset_of("other")))
    by_iterations = runner_of(dataset_of(GrowingSquareCrop(8)), IterBasedTrainLoop)
    with pytest.raises(UserError, match="crops grow by epoch"):
        hook.before_train(by_iterations)
