"""Sets hold the true class as often as was asked, by an independent count."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from lpt_mm.answers.answer_sets import AnswerSets, smallest_number
from lpt_mm.collection.set_report import report_sets
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.pack import read_pack
from tests.conftest import ROOT
from tests.test_collection.made_up import COUNTS, draw_scores, write_pack, write_set

TOOL = ROOT / "tools" / "inference" / "answer_sets.py"
SHARE = np.array(COUNTS) / sum(COUNTS)
GROUPS = dict(many=[0, 1], medium=[2, 3], few=[4, 5])


def draw(seed, number, frequency=SHARE):
    rng = np.random.default_rng(seed)
    label = rng.choice(6, number, p=frequency)
    return draw_scores(rng, label, 6, strength=1.0).astype("float32"), label


@pytest.fixture
def pack(tmp_path):
    return write_pack(tmp_path / "a.safetensors", balancing=dict(prior_power=0.0))


def adjusted(score):
    """Probabilities under the training frequencies over these, by hand."""
    weight = np.exp(score) * SHARE
    return weight / weight.sum(axis=1, keepdims=True) / SHARE


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_the_threshold_is_the_conformal_quantile(pack, coverage):
    score, label = draw(0, 400)
    sets = AnswerSets.fit(pack, score, label, coverage)
    own = -adjusted(score)[np.arange(400), label]
    place = math.ceil(401 * coverage)
    assert_allclose(sets.threshold, -np.sort(own)[place - 1], rtol=1e-5)
    score, label = draw(1, 50)
    expected = adjusted(score) >= sets.threshold[0] - 1e-7
    assert (sets.members(pack, torch.from_numpy(score)).numpy() == expected).all()


def test_coverage_is_what_was_asked_of_many_splits(pack):
    found = []
    for seed in range(20):
        sets = AnswerSets.fit(pack, *draw(seed, 2000), 0.9)
        found.append(report_sets(pack, sets, *draw(100 + seed, 2000))["overall"])
    assert np.mean([x.coverage for x in found]) == pytest.approx(90, abs=0.7)
    assert {x.images for x in found} == {2000}


def test_each_shot_group_is_covered_if_it_has_a_threshold(pack):
    even = np.full(6, 1 / 6)
    validation, test = draw(0, 6000, even), draw(1, 6000, even)
    for kind, spread in (("all", 3), ("shot_group", 0)):
        sets = AnswerSets.fit(pack, *validation, 0.9, kind)
        found = report_sets(pack, sets, *test)
        coverage = [found[group].coverage for group in GROUPS]
        assert max(coverage) - min(coverage) > spread
        if kind == "shot_group":
            assert_allclose(coverage, 90, atol=1.5)


def test_a_class_threshold_is_between_its_own_and_that_of_all(pack):
    score, label = draw(0, 500)
    alone, together, half = (
        np.array(AnswerSets.fit(pack, score, label, 0.9, "class", w).threshold)
        for w in (1.0, 0.0, 0.5)
    )
    assert_allclose(together, AnswerSets.fit(pack, score, label, 0.9).threshold)
    assert_allclose(half, (alone + together) / 2)
    own = np.sort(-adjusted(score)[label == 0, 0])
    place = math.ceil(0.9 * (len(own) + 1))
    assert alone[0] == pytest.approx(-own[place - 1], rel=1e-5)
    few = np.bincount(label) < 9  # for which there is no threshold
    assert few.any()
    assert_allclose(alone[few], together[few])


def test_numbers_of_a_report_are_counted_by_hand(pack):
    sets = AnswerSets(0.9, "all", [1.0] * 6, 10)
    score, label = draw(3, 300)
    members = adjusted(score) >= 1
    found = report_sets(pack, sets, score, label)
    assert found["overall"].size == pytest.approx(members.sum() / 300)
    few = np.isin(label, GROUPS["few"])
    assert found["few"].images == few.sum()
    covered = members[np.arange(300), label]
    assert found["few"].coverage == pytest.approx(100 * covered[few].mean())
    assert found["few"].one == pytest.approx(100 * (members.sum(1) == 1)[few].mean())
    assert found["overall"].empty == pytest.approx(100 * (members.sum(1) == 0).mean())


@pytest.mark.parametrize("kind", ["all", "class"])
def test_next_to_no_coverage_takes_the_likeliest_image(pack, kind):
    score, label = draw(0, 50)
    label[label == 5] = 0  # a class without an image
    sets = AnswerSets.fit(pack, score, label, 1e-12, kind, class_weight=0.0)
    own = adjusted(score)[np.arange(50), label]
    assert_allclose(sets.threshold, own.max(), rtol=1e-5)


def test_a_pack_of_many_sets_names_a_few(pack, tmp_path):
    facts = dict(kind="all", threshold=[1.0] * 6, images=9)
    many = {f"\x1b{i}": facts for i in range(1000)}
    known = replace(pack, calibration=dict(sets=many))
    with pytest.raises(UserError, match=r"has those of \\x1b0, .* and 990 more: make"):
        AnswerSets.of(known, 0.9)


@pytest.mark.parametrize(("coverage", "number"), [(0.5, 1), (0.9, 9), (0.95, 19)])
def test_too_few_images_say_how_many_it_takes(pack, coverage, number):
    assert smallest_number(coverage) == number
    score, label = draw(0, number)
    AnswerSets.fit(pack, score, label, coverage)
    message = f"has {number - 1} images, .* need at least {number}"
    with pytest.raises(UserError, match=message):
        AnswerSets.fit(pack, score[1:], label[1:], coverage)


def test_the_tool_says_what_holds_and_writes_the_pack(pack, tmp_path, run_here):
    for name, seed in (("val", 0), ("test", 1)):
        write_set(tmp_path / name, pack, *draw(seed, 500))
    options = ("--coverage", 0.9, "--test", "test", "--out", "b.safetensors")
    said = run_here(TOOL, "a.safetensors", "val", *options)
    assert "what holds: of images like those of the validation set, at least" in said
    new = read_pack(tmp_path / "b.safetensors")
    expected = AnswerSets.fit(pack, *draw(0, 500), 0.9)
    assert AnswerSets.of(new, 0.9) == expected
    options = ("--coverage", 0.8, "--kind", "class", "--out", "c.safetensors")
    assert "nothing is promised" in run_here(TOOL, "b.safetensors", "val", *options)
    both = read_pack(tmp_path / "c.safetensors")
    assert [AnswerSets.of(both, x).kind for x in (0.9, 0.8)] == ["all", "class"]
    with pytest.raises(UserError, match=r"coverage 0.5; it has those of 0.9, 0.8"):
        AnswerSets.of(both, 0.5)
    said = run_here(TOOL, "a.safetensors", "val", "--coverage", 1, fails=True)
    assert "a coverage is above 0 and below 1" in said
