"""Runs of seconds, and what happened in them."""

from itertools import count

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from tests.conftest import ROOT

NUMBERS = count()
# An eighth of the images, in steps of an eighth: as many steps, and learning rates.
IMAGES = [*range(0, 335, 8), 28]  # the last one is of class 9
FEW = {
    "train_dataloader.batch_size": 8,
    "train_dataloader.dataset.dataset.indices": IMAGES,
    "val_dataloader.dataset.indices": 60,
    "auto_scale_lr.base_batch_size": 8,
}


class Record(Hook):
    """Note what a step was made of."""

    def __init__(self):
        self.steps = {}
        self.validations = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        rate = runner.optim_wrapper.get_lr()["lr"][0]
        seen = data_batch["inputs"].double().sum().item()
        loss = {k: v.item() for k, v in outputs.items()}
        self.steps[runner.iter] = (rate, runner.model.beta, seen, loss, batch_idx)

    def before_val(self, runner):
        self.validations.append(runner.epoch)


def make_runner(
    folder,
    workers=0,
    saving="epoch",
    resume=None,
    epochs=4,
    config="phase1",
    **changes,
):
    """Make a runner of digits-LT, 5 steps an epoch, and what records its steps."""
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / f"{config}_digits_lt.py")
    cfg.merge_from_dict(
        {
            "work_dir": str(folder),
            "experiment_name": f"run{next(NUMBERS)}",  # or they share a message hub
            "log_level": "ERROR",
            "train_cfg.max_epochs": epochs,
            "train_cfg.val_interval": 2,
            "train_dataloader.num_workers": workers,
            "train_dataloader.persistent_workers": workers > 0,
            "default_hooks.checkpoint.interval": 1 if saving == "epoch" else 3,
            "default_hooks.checkpoint.by_epoch": saving == "epoch",
            "load_from": resume and str(resume),
            "resume": resume is not None,
            **FEW,
            **changes,
        }
    )
    runner = Runner.from_cfg(cfg)
    record = Record()
    runner.register_hook(record)
    return runner, record


def read(path):
    return torch.load(path, weights_only=True)


def assert_same(actual, expected):
    if isinstance(expected, torch.Tensor):
        assert torch.equal(actual, expected)
    elif isinstance(expected, dict):
        assert actual.keys() == expected.keys()
        for key in expected:
            assert_same(actual[key], expected[key])
    elif isinstance(expected, list):
        for a, b in zip(actual, expected, strict=True):
            assert_same(a, b)
    else:
        assert actual == expected
