"""The matching of a checkpoint, as a user looks at it."""

import json
from collections import Counter

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import Runner, load_checkpoint
from mmpretrain.registry import DATASETS, MODELS
from PIL import Image
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score
from torch.nn import functional as F

from tests.conftest import ROOT

TOOL = ROOT / "tools" / "analysis_tools" / "matching.py"
CONFIGS = ROOT / "configs" / "lpt"
PHASE2 = CONFIGS / "phase2_digits_lt.py"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Train all prompts for a few steps, without any phase 1 before."""
    folder = tmp_path_factory.mktemp("phase2")
    cfg = Config.fromfile(PHASE2)
    cfg.merge_from_dict(
        {
            "phase1_work_dir": None,
            "work_dir": str(folder),
            "model.backbone.frozen_prompts": False,
            "log_level": "ERROR",
            "experiment_name": "matched_groups",
            "train_cfg.max_epochs": 1,
            "default_hooks.checkpoint.interval": 1,
        }
    )
    with DefaultScope.overwrite_default_scope("mmpretrain"):
        runner = Runner.from_cfg(cfg)
        runner.model.backbone.tuned_loaded = True  # random ones will do
        runner.train()
    return folder / "epoch_1.pth"


def matches_of(checkpoint, split):
    """Count the matches by class in another way: one image at a time."""
    cfg = Config.fromfile(PHASE2)
    model = MODELS.build(cfg.model)
    model.backbone.load_source()
    load_checkpoint(model, str(checkpoint))
    model.eval()
    dataset = DATASETS.build(dict(cfg.test_dataloader.dataset, split=split))
    matches, sets = np.zeros((10, 20), dtype=int), []
    samples = list(dataset)
    inputs = dict(inputs=[sample["inputs"] for sample in samples])
    with torch.no_grad():
        inputs = model.data_preprocessor(inputs)["inputs"]
        queries = model.extract_feat(inputs, "backbone")[0]
    for query, sample in zip(queries, samples, strict=True):
        cosine = F.cosine_similarity(query[None], model.neck.prompt_keys, dim=1)
        groups = cosine.topk(model.neck.topk).indices
        matches[sample["data_samples"].gt_label, groups] += 1
        sets.append(frozenset(groups.tolist()))
    return matches, sets


@pytest.mark.parametrize("split", ["test", "train"])
def test_matching_is_reported(checkpoint, run_here, tmp_path, split):
    out = run_here(
        *(TOOL, PHASE2, checkpoint, "--split", split, "--out", "m/m.json"),
        *("--picture", "m/m.png", "--cfg-options", "log_level=WARNING"),
    )
    report = json.loads((tmp_path / "m" / "m.json").read_text())
    matches, sets = matches_of(checkpoint, split)
    usage = matches.sum(axis=0)
    assert report["pool_size"] == 20
    assert report["dead_groups"] == np.flatnonzero(usage == 0).tolist()
    assert f"{report['effective_groups']:.1f} of 20" in out
    frequency = Counter(sets)
    assert report["combinations"] == len(frequency)
    combinations = np.exp(entropy(list(frequency.values())))
    assert report["effective_combinations"] == pytest.approx(combinations)
    assert f"{combinations:.1f}" in out
    chosen = np.array([[group in groups for group in range(20)] for groups in sets])
    spectrum = np.linalg.svd(chosen.astype(float), compute_uv=False) ** 2
    assert report["co_choice_rank"] == pytest.approx(np.exp(entropy(spectrum)))
    found = np.array([row["usage"] for row in report["classes"]])
    np.testing.assert_allclose(found, matches / matches.sum(axis=1, keepdims=True))
    shots = ["many"] * 3 + ["medium"] * 3 + ["few"] * 4
    assert [row["shot_group"] for row in report["classes"]] == shots
    assert [row["train_images"] for row in report["classes"]][:3] == [100, 71, 51]
    assert len(report["groups"]) == 20
    shares = [group["usage"] for group in report["groups"]]
    assert shares == pytest.approx(sorted(usage / usage.sum(), reverse=True))
    first = report["groups"][0]
    in_group = matches[:, first["index"]]
    assert first["shots"]["few"] == pytest.approx(in_group[6:].sum() / in_group.sum())
    assert first["classes"][0] == str(in_group.argmax())
    with Image.open(tmp_path / "m" / "m.png") as image:
        assert image.format == "PNG"


def test_whole_images_are_matched_whatever_the_test_averages(checkpoint, run_here):
    options = ("log_level=WARNING", "test_dataloader.dataset.indices=40")
    tables = []
    for more in ((), ("test_cfg.type=EnsembleTestLoop",)):
        out = run_here(TOOL, PHASE2, checkpoint, "--cfg-options", *options, *more)
        tables.append(out[out.index("Matching of") :])
    assert tables[0] == tables[1]
    assert "not averaged over crops as test_cfg says" in out


def test_names_above_the_classes(checkpoint, run_here, tmp_path):
    halves = ["low"] * 5 + ["high"] * 5
    rows = [f"{digit},{half}" for digit, half in enumerate(halves)]
    (tmp_path / "halves.csv").write_text("\n".join(["digit,half", *rows]))
    options = ("--cfg-options", "log_level=WARNING")
    half = ("--taxonomy", "halves.csv", "--out", "m.json", "--picture", "m.png")
    out = run_here(TOOL, PHASE2, checkpoint, *half, *options)
    matches, _ = matches_of(checkpoint, "test")
    of_half = np.stack([matches[:5].sum(axis=0), matches[5:].sum(axis=0)])
    mutual = mutual_info_score(None, None, contingency=of_half)
    expected = mutual / entropy(of_half.sum(axis=1))
    report = json.loads((tmp_path / "m.json").read_text())
    assert report["name_information"] == {"half": pytest.approx(expected)}
    assert f"{expected:.3f}" in next(x for x in out.splitlines() if "half info" in x)
    (tmp_path / "halves.csv").write_text("digit,half\n0,low\n")
    out = run_here(TOOL, PHASE2, checkpoint, *half[:2], *options, fails=True)
    assert "'halves.csv' has no row of" in out


def test_phase1_has_no_groups(checkpoint, run_here):
    out = run_here(TOOL, CONFIGS / "phase1_digits_lt.py", checkpoint, fails=True)
    assert "error: the model has no neck" in out
    assert "give a phase-2 config" in out


def test_results_are_not_overwritten(checkpoint, run_here, tmp_path):
    (tmp_path / "m.json").write_text("mine")
    out = run_here(TOOL, PHASE2, checkpoint, "--out", "m.json", fails=True)
    assert "'m.json' exists and is not overwritten" in out
    assert (tmp_path / "m.json").read_text() == "mine"
