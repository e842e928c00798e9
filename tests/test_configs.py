"""Every config parses, builds and is put together as documented."""

from pathlib import Path

import pytest
from mmengine.config import Config, ConfigDict
from mmpretrain.registry import DATASETS, HOOKS, METRICS
from torch import nn

from lpt_mm.sweep import read_plan
from lpt_mm.weights.skeleton import build_skeleton
from tests.conftest import ROOT

SWEEPS = sorted((ROOT / "configs" / "sweeps").glob("*.py"))
LEAVES = sorted(set((ROOT / "configs").glob("[!_]*/*.py")) - set(SWEEPS))
LPT_LEAVES = [leaf for leaf in LEAVES if leaf.parent.name == "lpt"]
BASELINES = [leaf for leaf in LEAVES if leaf.parent.name == "baselines"]
TEST_ONLY = ("official", "shift", "knn", "nearest_class_mean")
TRAINED = {
    "knn": set(),
    "nearest_class_mean": set(),
    "linear_probe": {"head.fc.weight", "head.fc.bias"},
    "cosine_probe": {"head.weight"},
    "vpt_shallow": {"backbone.shared_prompts", "head.fc.weight", "head.fc.bias"},
    "vpt_deep": {"backbone.shared_prompts", "head.fc.weight", "head.fc.bias"},
    "joint": {
        "backbone.shared_prompts",
        "neck.prompt_keys",
        "neck.group_prompts",
        "head.weight",
    },
}


def stem(leaf):
    return leaf.stem


@pytest.mark.parametrize("leaf", LEAVES, ids=stem)
def test_builds(leaf):
    cfg = Config.fromfile(leaf)
    build_skeleton(cfg.model)
    for name, hook in cfg.default_hooks.items():
        # VisualizationHook is mmengine's, and needs a running visualizer.
        assert hook is None or name == "visualization" or HOOKS.build(hook)
    METRICS.build(cfg.get("test_evaluator") or cfg.val_evaluator)


@pytest.mark.parametrize("leaf", LEAVES, ids=stem)
def test_leaves_are_short_and_say_how_to_run_them(leaf):
    text = leaf.read_text()
    tool = "test.py" if leaf.name.startswith(TEST_ONLY) else "train.py"
    assert f"python tools/{tool} {leaf.relative_to(ROOT)}" in text
    assert "_base_" in text
    if leaf.parent.name != "pretrain":
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


def test_every_data_set_has_every_baseline():
    sets = {leaf.stem.removeprefix("phase1_") for leaf in LPT_LEAVES}
    sets = {
        name for name in sets if (LPT_LEAVES[0].parent / f"phase1_{name}.py").exists()
    }
    names = {
        f"{tuning}_{name}" for tuning in (*TRAINED, "fine_tuning") for name in sets
    }
    assert {leaf.stem for leaf in BASELINES} == names


@pytest.mark.parametrize("leaf", BASELINES, ids=stem)
def test_baselines_train_what_their_name_says(leaf):
    model = build_skeleton(Config.fromfile(leaf).model)
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    if leaf.stem.startswith("fine_tuning"):
        assert trained == {name for name, _ in model.named_parameters()}
    else:
        assert trained == next(
            names for tuning, names in TRAINED.items() if leaf.stem.startswith(tuning)
        )


@pytest.mark.parametrize("leaf", BASELINES, ids=stem)
def test_baselines_see_the_data_of_lpt(leaf):
    cfg = Config.fromfile(leaf)
    name = next(
        n
        for t in (*TRAINED, "fine_tuning")
        if leaf.stem != (n := leaf.stem.removeprefix(f"{t}_"))
    )
    phase1 = Config.fromfile(leaf.parents[1] / "lpt" / f"phase1_{name}.py")
    assert cfg.test_dataloader == phase1.test_dataloader
    if leaf.name.startswith(TEST_ONLY):
        assert cfg.custom_hooks[0].train_dataloader == phase1.train_dataloader
    else:
        assert cfg.train_dataloader.dataset == phase1.train_dataloader.dataset
        dual = leaf.name.startswith(("cosine_probe", "joint"))
        sampler = "DualSampler" if dual else "InstanceBalancedSampler"
        assert cfg.train_dataloader.sampler.type == sampler


@pytest.mark.parametrize("sweep", SWEEPS, ids=stem)
def test_sweeps_name_configs_that_exist(sweep, monkeypatch):
    monkeypatch.chdir(ROOT)
    plan = read_plan(str(sweep))
    assert f"sweep.py {sweep.relative_to(ROOT)}" in sweep.read_text()
    for row in plan.rows:
        build_skeleton(ConfigDict(row.settings["model"]))
