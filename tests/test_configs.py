"""Every config parses, builds and is put together as documented."""

import re
from functools import cache
from pathlib import Path

import pytest
from mmengine.config import Config, ConfigDict
from mmpretrain.registry import DATASETS, HOOKS, METRICS
from torch import nn

from lpt_mm.sweep.plan import read_plan
from lpt_mm.weights.skeleton import build_skeleton
from tests.conftest import ROOT

BASE = ROOT / "configs" / "_base_"
SWEEPS = sorted((ROOT / "configs" / "sweeps").glob("*.py"))
LEAVES = sorted(set((ROOT / "configs").glob("[!_]*/*.py")) - set(SWEEPS))
LPT_LEAVES = [leaf for leaf in LEAVES if leaf.parent.name == "lpt"]
RECIPES = [leaf for leaf in LEAVES if leaf.parent.name == "recipes"]
BASELINES = [leaf for leaf in LEAVES if leaf.parent.name == "baselines"]
TEST_ONLY = ("official", "shift", "knn", "nearest_class_mean", "gda")
TRAINED = {
    "knn": set(),
    "nearest_class_mean": set(),
    "gda": set(),
    "linear_probe": {"head.fc.weight", "head.fc.bias"},
    "cosine_probe": {"head.weight"},
    "vpt_shallow": {"backbone.shared_prompts", "head.fc.weight", "head.fc.bias"},
    "vpt_deep": {"backbone.shared_prompts", "head.fc.weight", "head.fc.bias"},
    "lift": {"backbone.tunings.adaptformer", "head.weight"},
    "vpt_deep_gcl": {"backbone.shared_prompts", "head.weight"},
    "joint": {
        "backbone.shared_prompts",
        "neck.prompt_keys",
        "neck.group_prompts",
        "head.weight",
    },
}


def stem(leaf):
    return leaf.stem


@cache
def read(leaf):
    return Config.fromfile(leaf)


@cache
def skeleton(leaf):
    return build_skeleton(read(leaf).model)


@pytest.mark.parametrize("leaf", LEAVES, ids=stem)
def test_builds_and_says_how_to_run_it(leaf):
    cfg = read(leaf)
    skeleton(leaf)
    for name, hook in cfg.default_hooks.items():
        # VisualizationHook is mmengine's, and needs a running visualizer.
        assert hook is None or name == "visualization" or HOOKS.build(hook)
    if evaluator := cfg.get("test_evaluator") or cfg.val_evaluator:
        METRICS.build(evaluator)
    else:
        assert cfg.model.type == "SimCLR"  # there are no labels
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
    assert Path(read(leaf).phase1_work_dir) == Path("work_dirs") / phase1.stem
    model, model1 = skeleton(leaf), skeleton(phase1)
    shapes = {k: v.shape for k, v in model.state_dict().items()}
    shapes1 = {k: v.shape for k, v in model1.state_dict().items()}
    assert {k: v for k, v in shapes.items() if not k.startswith("neck.")} == shapes1
    trained = {k for k, p in model.named_parameters() if p.requires_grad}
    assert trained == {"neck.prompt_keys", "neck.group_prompts", "head.weight"}
    trained = {k for k, p in model1.named_parameters() if p.requires_grad}
    assert trained == {"backbone.shared_prompts", "head.weight"}


def test_the_authors_checkpoint_is_tested_as_theirs_is():
    model = skeleton(ROOT / "configs" / "lpt" / "official_places_lt.py")
    norms = [m for m in model.modules() if isinstance(m, nn.LayerNorm)]
    assert len(norms) == 2 * 12 + 1
    assert {norm.eps for norm in norms} == {1e-5}
    assert model.backbone.init_cfg is None  # nothing is fetched


def test_digits_data_fit_their_head():
    cfg = read(ROOT / "configs" / "lpt" / "phase1_digits_lt.py")
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    assert len(dataset.metainfo["classes"]) == cfg.model.head.num_classes


def test_places_model_has_the_published_size():
    model = skeleton(ROOT / "configs" / "lpt" / "phase2_places_lt.py")
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    # 20 groups x (6 layers x 10 prompts + 1 key) and 365 classes, 768 wide
    assert trained == 768 * (20 * (6 * 10 + 1) + 365)
    assert 0.01 < trained / sum(p.numel() for p in model.parameters()) < 0.015


DATA = (
    "places_lt",
    "imagenet_lt",
    "cifar100_lt_ir100",
    "cifar10_jpeg_lt",
    "inat18",
    "digits_lt",
    "plankton_lt",
    "caltech101_lt",
)
MODELS_OF = dict(
    digits_lt="lpt_vit_glyphs",
    cifar10_jpeg_lt="lpt_vit_cifar10_half",
    plankton_lt="lpt_vit_photos",
    caltech101_lt="lpt_vit_photos",
    plankton_caltech="lpt_vit_photos",
)


@pytest.mark.parametrize("tuning", [*(BASE / "tunings").glob("*.py")], ids=stem)
@pytest.mark.parametrize("data", [*(BASE / "datasets").glob("*.py")], ids=stem)
def test_every_tuning_goes_with_every_data_set(tuning, data, tmp_path):
    model = BASE / "models" / f"{MODELS_OF.get(data.stem, 'lpt_vit_base')}.py"
    schedule, runtime = BASE / "schedules" / "lpt_sgd.py", BASE / "default_runtime.py"
    bases = [str(path) for path in (model, data, schedule, runtime, tuning)]
    leaf = tmp_path / "leaf.py"
    leaf.write_text(f"_base_ = {bases}\nmodel = _base_.tuning\n")
    cfg = Config.fromfile(leaf)
    cfg.model.head.num_classes = 7
    require_trained(build_skeleton(cfg.model), tuning.stem)


def require_trained(model, tuning):
    """The parameters that are trained are those of the tuning."""
    everything = {name for name, _ in model.named_parameters()}
    assert find_trained(model) == TRAINED.get(tuning, everything)


def find_trained(model):
    names = [name for name, p in model.named_parameters() if p.requires_grad]
    return {re.sub(r"tunings\.\d+\.(\w+).*", r"tunings.\1", name) for name in names}


@pytest.mark.parametrize("leaf", BASELINES, ids=stem)
def test_baselines_train_what_their_name_says_on_the_data_of_lpt(leaf):
    cfg = read(leaf)
    tuning = next(t for t in (*TRAINED, "fine_tuning") if leaf.stem.startswith(t))
    require_trained(skeleton(leaf), tuning)
    data = leaf.stem.removeprefix(f"{tuning}_")
    phase1 = read(ROOT / "configs" / "lpt" / f"phase1_{data}.py")
    assert cfg.test_dataloader == phase1.test_dataloader
    if leaf.name.startswith(TEST_ONLY):
        assert cfg.custom_hooks[0].train_dataloader == phase1.train_dataloader
    else:
        assert cfg.train_dataloader.dataset == phase1.train_dataloader.dataset
        dual = leaf.name.startswith(("cosine_probe", "joint"))
        sampler = "DualSampler" if dual else "InstanceBalancedSampler"
        assert cfg.train_dataloader.sampler.type == sampler


OF_RECIPES = dict(
    lift=TRAINED["lift"],
    gnm_pt=TRAINED["vpt_deep_gcl"],
    vpt_deep_gcl_drw=TRAINED["vpt_deep_gcl"],
    lpt_adaptformer_phase1=TRAINED["lift"] | TRAINED["vpt_deep_gcl"],
    lpt_class_means_phase1=TRAINED["vpt_deep_gcl"],
    lpt=TRAINED["joint"] - {"backbone.shared_prompts"},  # phase 2
)


@pytest.mark.parametrize("leaf", RECIPES, ids=stem)
def test_recipes_train_what_their_name_says_on_the_data_of_lpt(leaf):
    cfg = read(leaf)
    recipe = max((r for r in OF_RECIPES if leaf.stem.startswith(r)), key=len)
    assert find_trained(skeleton(leaf)) == OF_RECIPES[recipe]
    data = next(x for x in DATA if leaf.stem.endswith(x))
    phase1 = read(ROOT / "configs" / "lpt" / f"phase1_{data}.py")
    assert cfg.test_dataloader == phase1.test_dataloader
    assert cfg.model.head.num_classes == phase1.model.head.num_classes
    assert cfg.get("val_cfg") == phase1.get("val_cfg")
    dual = leaf.stem.startswith("lpt")
    sampler = "DualSampler" if dual else "InstanceBalancedSampler"
    assert cfg.train_dataloader.sampler.type == sampler
    if "phase2" in leaf.stem:
        assert Path(cfg.phase1_work_dir).name == leaf.stem.replace("phase2", "phase1")


@pytest.mark.parametrize("sweep", SWEEPS, ids=stem)
def test_sweeps_name_configs_that_exist(sweep, monkeypatch):
    monkeypatch.chdir(ROOT)
    plan = read_plan(str(sweep))
    assert f"sweep.py {sweep.relative_to(ROOT)}" in sweep.read_text()
    for row in plan.rows:
        build_skeleton(ConfigDict(row.settings["model"]))
