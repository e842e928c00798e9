"""Labels that heads which have not seen them do not believe."""

import csv

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from PIL import Image
from torch.nn import functional as F

from lpt_mm.collection.audit import label_trust, rank_in_classes
from lpt_mm.collection.out_of_fold import (
    SCALE,
    fit_head,
    out_of_fold_scores,
    stratified_folds,
)
from lpt_mm.collection.review_list import COLUMNS
from lpt_mm.preparation.corrections import read_corrections
from tests.conftest import ROOT
from tests.test_collection.made_up import write_pack, write_set

TOOL = ROOT / "tools" / "inference" / "audit.py"
COUNTS = (60, 30, 20, 10, 6, 4)
WRONG = {3: 5, 62: 0, 95: 1, 127: 0}  # labels by image, of classes 0, 1, 2 and 5


def draw(seed=0):
    """Features (130, 8) of six classes apart from each other, and their labels."""
    rng = np.random.default_rng(seed)
    label = np.repeat(np.arange(6), COUNTS)
    centres = 4 * np.eye(8)[:6]
    feature = centres[label] + 0.5 * rng.normal(size=(len(label), 8))
    return feature.astype("float32"), label


def test_trust_is_the_probability_over_what_is_usual_of_the_class():
    rng = np.random.default_rng(0)
    score = rng.normal(size=(40, 4)).astype("float32")
    label = np.append(rng.integers(3, size=39), 3)
    score[-1, 3] = -np.inf  # its class has no image in the other folds
    trust, probability = label_trust(score, label)
    expected = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    assert_allclose(probability, expected, rtol=1e-5)
    for c in range(3):
        own = expected[label == c, c]
        assert_allclose(trust[label == c], own / own.mean(), rtol=1e-5)
    assert trust[-1] == 1


def test_ranks_are_within_classes():
    trust = np.array([0.3, 0.1, 0.2, 0.9, 0.5])
    rank, number = rank_in_classes(trust, np.array([2, 0, 2, 0, 2]))
    assert rank.tolist() == [2, 1, 1, 2, 3]
    assert number.tolist() == [3, 2, 3, 2, 3]


def test_folds_have_as_many_of_each_class_as_can_be():
    label = np.repeat([0, 1, 2, 3, 4], [23, 10, 4, 2, 1])
    fold = stratified_folds(label, seed=1)
    for c in range(5):
        numbers = np.bincount(fold[label == c], minlength=5)
        assert numbers.max() - numbers.min() <= 1
    assert (fold != stratified_folds(label, seed=2)).any()


def test_no_score_depends_on_the_images_of_its_fold():
    feature, label = draw()
    score = out_of_fold_scores(feature, label, 7)
    fold = stratified_folds(label, seed=0)
    other = feature.copy()
    other[fold == 2] = np.roll(feature[fold == 2], 1, axis=0)
    own = out_of_fold_scores(other, label, 7)[fold == 2]
    assert_allclose(own, np.roll(score[fold == 2], 1, axis=0), rtol=1e-4, atol=1e-4)
    assert (score[:, :6].argmax(axis=1) == label).mean() > 0.95
    assert np.isneginf(score[:, 6]).all()  # of no image at all
    assert np.abs(score[:, :6]).max() <= SCALE * (1 + 1e-5)


def test_the_head_is_trained_with_the_logit_adjusted_loss():
    feature, label = draw()
    feature = np.tile(feature, (4, 1)) + np.random.default_rng(1).normal(size=(520, 8))
    feature = F.normalize(torch.from_numpy(feature).float(), dim=1)
    label = torch.from_numpy(np.tile(label, 4))
    share = torch.bincount(label) / len(label)
    means = torch.stack([feature[label == c].mean(dim=0) for c in range(6)])

    def loss(weight):
        score = SCALE * feature @ F.normalize(weight, dim=0)
        power = share * (score - SCALE).exp()
        return -(power / power.sum(dim=1, keepdim=True))[range(520), label].log().mean()

    fitted = fit_head(feature, label, 6, seed=0)
    assert_allclose(fitted.norm(dim=0), np.ones(6), rtol=1e-5)
    assert loss(fitted) < 0.9 * loss(means.T)


@pytest.fixture
def folder(tmp_path):
    feature, label = draw()
    label = label.copy()
    label[list(WRONG)] = list(WRONG.values())
    pack = write_pack(tmp_path / "a.safetensors", counts=COUNTS)
    (tmp_path / "train").mkdir()
    paths = [f"train/{i}.png" for i in range(len(label))]
    for path in paths:
        Image.new("RGB", (8, 8)).save(tmp_path / path)
    score = np.zeros((len(label), 6))
    write_set(tmp_path / "set", pack, score, label, feature, paths)
    write_set(tmp_path / "bare", pack, score, np.full(len(label), -1), feature)
    write_set(tmp_path / "one", pack, score[:9], [0] * 9, feature[:9])
    return tmp_path


def test_wrong_labels_come_first_and_are_corrected_by_the_same_table(folder, run_here):
    options = ("--budget", len(WRONG), "--sheets", "sheets")
    said = run_here(TOOL, "a.safetensors", "set", "--out", "a.csv", *options)
    assert "4 of 130 labelled images: a.csv" in said
    with (folder / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    places = [int(row["path"].split("/")[1].split(".")[0]) for row in rows]
    assert set(places) == set(WRONG)
    truth = draw()[1]
    for place, row in zip(places, rows, strict=True):
        assert row["given"] == f"class {WRONG[place]}"
        assert row["answer"] == f"class {truth[place]}"
        assert row["shot_group"] == ("few" if WRONG[place] == 5 else "medium")
        assert row["reason"].startswith(("believed under 0.01", "believed 0.0"))
    assert rows[places.index(3)]["reason"].endswith(", 1 of 4 there")
    assert [x.name for x in (folder / "sheets").iterdir()] == ["page_001.png"]
    with (folder / "b.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(row | dict(correct_class=row["answer"]) for row in rows)
    found = read_corrections(folder / "b.csv", [f"class {i}" for i in range(6)])
    assert found == {
        str(folder / "train" / f"{place}.png"): truth[place] for place in WRONG
    }


@pytest.mark.parametrize(
    ("folder_name", "options", "message"),
    [
        ("bare", (), "'bare' has no labels: compute it with --split"),
        ("one", (), "'one' has 9 labelled images, and 5 of two classes are needed"),
        ("set", ("--budget", 0), "from 1 to the 130 labelled images of 'set', got 0"),
        ("set", ("--budget", 131), "got 131"),
        ("set", ("--sheets", "train"), "'train' exists and is not overwritten"),
        ("set", ("--out", "a"), "call it NAME.csv"),
        ("train", (), "'train' is no folder of tools/inference/embed.py"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    folder, run_here, folder_name, options, message
):
    old = sorted(folder.rglob("*"))
    command = ("a.safetensors", folder_name, "--out", "a.csv", *options)
    said = run_here(TOOL, *command, fails=True)
    assert message in said
    assert "\n" not in said.strip()
    assert sorted(folder.rglob("*")) == old


def test_a_set_of_another_model_is_refused(folder, run_here):
    write_pack(folder / "b.safetensors", counts=COUNTS, width=7)
    said = run_here(TOOL, "b.safetensors", "set", "--out", "a.csv", fails=True)
    assert "'set' was computed with another model" in said
