"""Every config parses, builds and is put together as documented."""

from pathlib import Path

import pytest
from mmengine.config import Config
from mmpretrain.registry import DATASETS, HOOKS, METRICS
from torch import nn

from lpt_mm.weights.skeleton import build_skeleton
from tests.conftest import ROOT

LEAVES = sorted((ROOT / "configs").glob("[!_]*/*.py"))
LPT_LEAVES = [leaf for leaf in LEAVES if leaf.parent.name == "lpt"]


def stem(leaf):
    return leaf.stem


@pytest.mark.parametrize("leaf", LEAVES, ids=stem)
def test_builds(leaf):
    cfg = Config.fromfile(leaf)
    model = build_skeleton(cfg.model)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    assert trained > 0
    for name, hook in cfg.default_hooks.items():
        # VisualizationHook is mmengine's, and needs a running visualizer.
        assert hook is None or name == "visualization" or HOOKS.build(hook)
    METRICS.build(cfg.get("test_evaluator") or cfg.val_evaluator)


@pytest.mark.parametrize("leaf", LEAVES, ids=stem)
def test_leaves_are_short_and_say_how_to_run_them(leaf):
    text = leaf.read_text()
    tool = "test.py" if leaf.name.startswith(("official", "shift")) else "train.py"
    assert f"python tools/{tool} {leaf.relative_to(ROOT)}" in text
    assert "_base_" in text
    if leaf.parent.name == "lpt":
        assert len(text.splitlines()) <= 40


@pytest.mark.parametrize(
    "leaf", [leaf for leaf in LPT_LEAVES if "phase2" in leaf.name], ids=stem
)
def test_phase2_goes_with_its_phase1(leaf):
    phase1 = leaf.with_name(leaf.name.replace("phase2", "phase1"))
    cfg, cfg1 = Config.fromfile(leaf), Config.fromfile(phase1)
    assert Path(cfg.phase1_work_dir) == Path("work_dirs") / phase1.stem
    model, model1 = build_skeleton(cfg.model), build_skeleton(cfg1.model)
    shapes = {k: v.shape for k, v in model.state_dict().items()}
    shapes1 = {k: v.shape for k, v in model1.state_dict().items()}
    assert {k: v for k, v in shapes.items() if not k.startswith("neck.")} == shapes1
    trained = {k for k, p in model.named_parameters() if p.requires_grad}
    assert trained == {"neck.prompt_keys", "neck.group_prompts", "head.weight"}
    trained = {k for k, p in model1.named_parameters() if p.requires_grad}
    assert trained == {"backbone.shared_prompts", "head.weight"}


def test_the_authors_checkpoint_is_tested_as_theirs_is():
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / "official_places_lt.py")
    model = build_skeleton(cfg.model)
    norms = [m for m in model.modules() if isinstance(m, nn.LayerNorm)]
    assert len(norms) == 2 * 12 + 1
    assert {norm.eps for norm in norms} == {1e-5}
    assert model.backbone.init_cfg is None  # nothing is fetched


def test_digits_data_fit_their_head():
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / "phase1_digits_lt.py")
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    assert len(dataset.metainfo["classes"]) == cfg.model.head.num_classes


def test_places_model_has_the_published_size():
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / "phase2_places_lt.py")
    model = build_skeleton(cfg.model)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    # 20 groups x (6 layers x 10 prompts + 1 key) and 365 classes, 768 wide
    assert trained == 768 * (20 * (6 * 10 + 1) + 365)
    assert 0.01 < trained / sum(p.numel() for p in model.parameters()) < 0.015
