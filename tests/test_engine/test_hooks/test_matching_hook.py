import json
import logging
from itertools import combinations, count
from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS, MODELS
from scipy.stats import entropy
from torch.nn import functional as F

from lpt_mm.engine.hooks.matching_hook import find_fault
from tests.conftest import ROOT
from tests.golden import tiny_lpt

NAMES = ("matching_entropy", "dead_groups", "co_choice_rank", "key_similarity")
NUMBERS = count()


def make_runner(folder, phase=2):
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / f"phase{phase}_digits_lt.py")
    cfg.merge_from_dict(
        {
            "phase1_work_dir": None,
            "work_dir": str(folder),
            "experiment_name": f"matching{next(NUMBERS)}",
            "log_level": "ERROR",
            "train_cfg.max_epochs": 2,
            "train_cfg.val_interval": 1,
            "default_hooks.matching": dict(type="MatchingHook"),
        }
    )
    runner = Runner.from_cfg(cfg)
    runner.model.backbone.tuned_loaded = True  # random ones will do
    return runner


def test_the_matching_of_each_epoch_is_logged(tmp_path):
    runner = make_runner(tmp_path)
    neck, groups = runner.model.neck, []

    def note(_, inputs):
        if neck.training:
            query = inputs[0].detach()[:, None]  # (B, 1, D)
            cosine = F.cosine_similarity(query, neck.prompt_keys.detach(), dim=2)
            groups.append(cosine.topk(neck.topk).indices)

    neck.register_forward_pre_hook(note)
    runner.train()
    assert len(groups) == 10  # steps, five in each of two epochs
    files = tmp_path.glob("*/vis_data/scalars.json")
    lines = [json.loads(line) for line in next(files).read_text().splitlines()]
    written = [line for line in lines if NAMES[0] in line and "loss" not in line]
    assert [line["step"] for line in written] == [5, 10]
    for line, steps in zip(written, (groups[:5], groups[5:]), strict=True):
        usage = torch.bincount(torch.cat(steps).flatten(), minlength=20).numpy()
        assert usage.sum() == 5 * 128 * neck.topk
        assert line["matching_entropy"] == pytest.approx(entropy(usage, base=20))
        assert line["dead_groups"] == (usage == 0).sum()
        chosen = np.zeros((5 * 128, 20))
        np.put_along_axis(chosen, torch.cat(steps).numpy(), 1, axis=1)
        spectrum = np.linalg.svd(chosen, compute_uv=False) ** 2
        rank = np.exp(entropy(spectrum))
        assert line["co_choice_rank"] == pytest.approx(rank, rel=1e-4)
    keys = neck.prompt_keys.detach()
    cosine = F.cosine_similarity(keys[:, None], keys[None], dim=2)
    mean = (cosine.sum() - 20) / (20 * 19)
    assert written[1]["key_similarity"] == pytest.approx(mean.item(), abs=1e-6)
    for name in NAMES:
        scalar = runner.message_hub.get_scalar(f"train/{name}")
        assert scalar.current() == written[1][name]


def test_does_nothing_in_phase_1(tmp_path):
    runner = make_runner(tmp_path, phase=1)
    runner.train()
    assert not {f"train/{name}" for name in NAMES} & set(runner.message_hub.log_scalars)


def together(sets, pool_size):
    """Sum what is chosen together by images with these sets of groups."""
    share = np.array([[i in chosen for i in range(pool_size)] for chosen in sets])
    share = share / share.sum(axis=1, keepdims=True)
    return share.T @ share


def epoch_of(sets, hook, warnings, pool_size=6, **neck):
    """End an epoch in which these sets of groups were chosen; give the scalars."""
    cfg = tiny_lpt(2)
    cfg["neck"].update(pool_size=pool_size, topk=len(sets[0]), **neck)
    model = MODELS.build(cfg)
    model.neck.co_choice = torch.from_numpy(together(sets, pool_size)).float()
    logger = logging.getLogger("matching")
    logger.warning = warnings.append
    runner = SimpleNamespace(
        model=model,
        iter=1,
        logger=logger,
        message_hub=MagicMock(),
        visualizer=MagicMock(),
    )
    hook.after_train_epoch(runner)
    assert model.neck.co_choice is None
    return runner.visualizer.add_scalars.call_args.args[0]


def test_a_pool_of_one_group_has_no_two_keys_to_compare():
    warnings = []
    hook = HOOKS.build(dict(type="MatchingHook"))
    scalars = epoch_of([(0,)] * 9, hook, warnings, pool_size=1)
    assert scalars == dict(matching_entropy=1.0, dead_groups=0, co_choice_rank=1.0)
    assert not warnings


FREE = list(combinations(range(6), 2))
PAIRS = [(0, 5), (1, 4), (2, 3)]


def test_a_collapse_is_warned_of_once():
    hook, warnings = HOOKS.build(dict(type="MatchingHook")), []
    epoch_of(FREE, hook, warnings)
    assert not warnings
    epoch_of([(0, 4)] * 49 + [(0, 5)], hook, warnings)
    epoch_of([(0, 4)] * 50, hook, warnings)
    (warning,) = warnings
    assert "pool of 6 groups has collapsed: their choice is worth 1.1 groups" in warning
    assert "5.5 where they are chosen freely" in warning
    for remedy in ("key_init='kmeans'", "loss_weight (now 0.5)", "pool_size"):
        assert remedy in warning


def test_fixed_sets_are_warned_of():
    hook, warnings = HOOKS.build(dict(type="MatchingHook")), []
    scalars = epoch_of(PAIRS * 5, hook, warnings)
    assert scalars["matching_entropy"] == pytest.approx(1)
    (warning,) = warnings
    assert "fixed sets: 6.0 are in use, but their choice is worth 3.0" in warning
    assert "matching='residual'" in warning


def test_soft_matching_that_tells_no_image_apart_is_warned_of():
    hook, warnings = HOOKS.build(dict(type="MatchingHook")), []
    epoch_of([tuple(range(6))] * 5, hook, warnings, matching="soft")
    assert "has collapsed: their choice is worth 1.0 groups" in warnings[0]
    hook, warnings = HOOKS.build(dict(type="MatchingHook")), []
    epoch_of(PAIRS, hook, warnings, matching="soft")
    assert not warnings


@pytest.mark.parametrize(
    ("sets", "pool_size", "fault"),
    [
        ([(0, 1)], 20, "has collapsed"),  # all images have the same groups
        (list(combinations(range(3), 2)), 20, "has collapsed"),
        (list(combinations(range(4), 2)), 20, None),
        ([(0, 1), (2, 3)], 20, "has collapsed"),
        ([(2 * i, 2 * i + 1) for i in range(10)], 20, "fixed sets"),
        ([range(4 * i, 4 * i + 4) for i in range(5)], 20, "fixed sets"),
        ([(i, (i + 1) % 20) for i in range(20)], 20, None),
        ([(i,) for i in range(20)], 20, None),
        ([range(20)] * 3, 20, None),  # every image has all groups
        ([sorted({*range(20)} - {i}) for i in range(20)], 20, None),
        ([(0,)], 1, None),
    ],
)
def test_what_counts_as_a_fault(sets, pool_size, fault):
    found = find_fault(together(sets, pool_size), len(sets[0]))
    assert (found is None) if fault is None else (fault in found)
