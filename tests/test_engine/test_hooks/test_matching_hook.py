import json
import logging
from itertools import count
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

from lpt_mm.engine.hooks.matching_hook import is_collapsed
from tests.conftest import ROOT
from tests.golden import tiny_lpt

NAMES = ("matching_entropy", "dead_groups", "key_similarity")
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


def epoch_of(usage, hook, warnings):
    """End an epoch in which the groups were chosen so many times; give the scalars."""
    cfg = tiny_lpt(2)
    cfg["neck"].update(pool_size=len(usage), topk=min(2, len(usage)))
    model = MODELS.build(cfg)
    model.neck.usage.copy_(torch.tensor(usage))
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
    assert not model.neck.usage.any()
    return runner.visualizer.add_scalars.call_args.args[0]


def test_a_pool_of_one_group_has_no_two_keys_to_compare():
    warnings = []
    scalars = epoch_of([9], HOOKS.build(dict(type="MatchingHook")), warnings)
    assert scalars == dict(matching_entropy=1.0, dead_groups=0)
    assert not warnings


def test_a_collapse_is_warned_of_once():
    hook, warnings = HOOKS.build(dict(type="MatchingHook")), []
    epoch_of([30, 20, 20, 5, 5, 0], hook, warnings)
    assert not warnings
    epoch_of([50, 0, 0, 0, 49, 1], hook, warnings)
    epoch_of([50, 0, 0, 0, 50, 0], hook, warnings)
    (warning,) = warnings
    assert "pool of 6 groups has collapsed: its matches are worth 2.1 groups" in warning
    for remedy in ("key_init='kmeans'", "loss_weight (now 0.5)", "pool_size"):
        assert remedy in warning


@pytest.mark.parametrize(
    ("usage", "topk", "collapsed"),
    [
        ([9, 9] + [0] * 18, 2, True),  # all images have the same groups
        ([9, 9, 9] + [0] * 17, 2, True),
        ([9, 9, 9, 9] + [0] * 16, 2, False),  # 3.8 is the bound
        ([9] * 20, 2, False),
        ([9] * 20, 20, False),  # every image has all groups
        ([9], 1, False),
    ],
)
def test_what_counts_as_a_collapse(usage, topk, collapsed):
    assert is_collapsed(np.array(usage), topk) == collapsed
