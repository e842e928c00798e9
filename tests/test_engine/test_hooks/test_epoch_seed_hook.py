import random
from types import SimpleNamespace

import numpy as np
import torch
from mmpretrain.registry import HOOKS


def draw(epoch, rank=0, seed=0, monkeypatch=None):
    if monkeypatch:
        module = "lpt_mm.engine.hooks.epoch_seed_hook"
        monkeypatch.setattr(f"{module}.get_rank", lambda: rank)
    hook = HOOKS.build(dict(type="EpochSeedHook"))
    hook.before_train_epoch(SimpleNamespace(seed=seed, epoch=epoch))
    return random.random(), np.random.rand(), torch.rand(()).item()  # noqa: NPY002


def test_numbers_are_a_function_of_seed_epoch_and_rank(monkeypatch):
    first = draw(3)
    random.random()
    assert draw(3) == first
    others = (draw(4), draw(3, seed=1), draw(3, rank=1, monkeypatch=monkeypatch))
    for other in others:
        assert all(a != b for a, b in zip(first, other, strict=True))
