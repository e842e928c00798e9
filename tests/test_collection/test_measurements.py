"""The measurements of docs/collections.md, made small."""

import re

import numpy as np
import torch

from tests.conftest import ROOT
from tests.test_collection.made_up import draw_scores, write_pack, write_set

SCRIPTS = ROOT / "tests" / "collections"


def test_coverage_is_told_of_each_split(tmp_path, run_here):
    pack = write_pack(tmp_path / "a.safetensors", balancing=dict(prior_power=0.0))
    rng = np.random.default_rng(0)
    for name in ("one", "two"):
        label = rng.permutation(np.repeat(np.arange(6), 60))
        score = draw_scores(rng, label, 6, strength=1.0).astype("float32")
        write_set(tmp_path / name, pack, score, label)
    said = run_here(SCRIPTS / "coverage.py", "a.safetensors", "one", "two")
    (splits,) = re.findall(r"^0.9 all: splits (.*); means", said, re.MULTILINE)
    assert len(splits.split()) == 5
    assert abs(np.mean(list(map(float, splits.split()))) - 90) < 4


def test_the_time_of_each_task_is_told(run_here):
    threads = torch.get_num_threads()
    said = run_here(SCRIPTS / "seconds.py", 4000)
    torch.set_num_threads(threads)
    tasks = re.findall(r"^(\w+): \d+\.\d s$", said, re.MULTILINE)
    assert tasks[0] == "read"
    assert len(tasks) == 10


def test_a_class_more_is_measured_with_and_without_refinement(run_here):
    said = run_here(SCRIPTS / "added_class.py", 1)
    found = re.findall(r"^(\d+ [\w ]+): ([\d.]+) \|(.*)$", said, re.MULTILINE)
    kinds = [f"{n} {how}" for n in (1, 5, 20) for how in ("mean feature", "refined")]
    assert [name for name, *_ in found] == kinds
    assert len({before for _, before, _ in found}) == 1


def test_rare_classes_are_found_sooner_than_by_chance(tmp_path, run_here):
    counts = np.array([140, 70, 70, *[14] * 9])
    facts = dict(balancing=dict(prior_power=0.0))
    pack = write_pack(tmp_path / "a.safetensors", counts.tolist(), **facts)
    rng = np.random.default_rng(0)
    centres = 4 * rng.normal(size=(12, 8))
    for name, share in (("train", 7), ("val", 1), ("test", 2)):
        label = np.repeat(np.arange(12), counts * share // 7)
        feature = (centres[label] + rng.normal(size=(len(label), 8))).astype("float32")
        write_set(tmp_path / name, pack, np.zeros((len(label), 12)), label, feature)
    sets = ("train", "val", "test", "--others", "val", "--seeds", 2)
    said = run_here(SCRIPTS / "review.py", "a.safetensors", *sets)
    found = dict(re.findall(r"^(.*): ([\d.]+) ± [\d.]+$", said, re.MULTILINE))
    for how in ("prior 1", "prior 1, by group"):
        assert float(found[f"rare, {how}, 20%, found %"]) > 50
    assert float(found["random, 20%, found %"]) < 40
    assert float(found["unlike, unknown %"]) > 50
    assert 0 < float(found["unlike, known %"]) < 15


def test_planted_labels_are_found_where_classes_are_apart(tmp_path, run_here):
    pack = write_pack(tmp_path / "a.safetensors")
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(6), (60, 40, 30, 20, 10, 5))
    feature = (5 * np.eye(8)[label] + rng.normal(size=(165, 8))).astype("float32")
    write_set(tmp_path / "set", pack, np.zeros((165, 6)), label, feature)
    threads = torch.get_num_threads()
    script = SCRIPTS / "planted_labels.py"
    said = run_here(script, "a.safetensors", "set", "--seeds", 2)
    torch.set_num_threads(threads)
    found = dict(re.findall(r"^(.*): ([\d.]+) ± [\d.]+$", said, re.MULTILINE))
    for kind in ("any", "confusable"):
        assert float(found[f"{kind}, audit, found %"]) > 80
        assert float(found[f"{kind}, audit, of right few-shot labels %"]) < 15
        assert float(found[f"{kind}, images right %"]) > 90
