"""What is shown of a photo follows the controls, and no model is run for it."""

import numpy as np
import pytest
import torch

from lpt_mm.answers.answer_sets import AnswerSets
from lpt_mm.demo.cards import Controls, coverages, make_card, trained_prior
from lpt_mm.demo.models import Finding, Photo
from tests.test_collection.made_up import COUNTS, write_pack

SCORE = np.array([1.5, 2.0, 0.5, 1.9, 1.0, 2.1])
PHOTO = Photo("a.jpg", found={"one": Finding(torch.tensor(SCORE[None]))})


def pack_of(tmp_path, power=0.5, **facts):
    balancing = dict(loss="CrossEntropyLoss", prior_power=power)
    return write_pack(tmp_path / "a.safetensors", balancing=balancing, **facts)


@pytest.mark.parametrize("prior", [0.0, 0.3, 1.0])
def test_the_prior_is_applied_to_the_scores(tmp_path, prior):
    pack = pack_of(tmp_path, calibration=dict(temperature=dict(all=2.0)))
    weight = np.exp(SCORE / 2) * np.array(COUNTS) ** (prior - 0.5)
    expected = weight / weight.sum()
    card = make_card(PHOTO, pack, Controls("one", prior))
    order = np.argsort(-expected)[:5]
    assert [x.name for x in card.answers] == [f"class {i}" for i in order]
    assert [x.score for x in card.answers] == pytest.approx(expected[order].tolist())
    groups = ["many", "many", "medium", "medium", "few", "few"]
    assert [x.shot_group for x in card.answers] == [groups[i] for i in order]


def test_the_first_prior_changes_nothing(tmp_path):
    pack = pack_of(tmp_path)
    assert trained_prior(pack) == 0.5
    shown = [make_card(PHOTO, pack, Controls("one", x)) for x in (None, 0.5)]
    for one, other in zip(*(card.answers for card in shown), strict=True):
        assert (one.name, one.shot_group) == (other.name, other.shot_group)
        assert one.score == pytest.approx(other.score)


def test_a_pack_that_does_not_know_its_prior_has_none(tmp_path):
    assert trained_prior(pack_of(tmp_path, power=None)) is None


def test_answer_sets_are_those_of_the_pack_whatever_the_prior(tmp_path):
    sets = AnswerSets(0.8, "all", [0.9] * 6, 20).add_to(None)
    pack = pack_of(tmp_path, calibration=sets)
    assert coverages(pack) == [0.8]
    adjusted = np.exp(SCORE) * np.array(COUNTS) ** 0.5  # under training's frequencies
    adjusted /= adjusted.sum() * np.array(COUNTS) / sum(COUNTS)
    expected = {f"class {i}" for i in np.flatnonzero(adjusted >= 0.9)}
    assert 0 < len(expected) < 6
    for prior in (0.0, 1.0):
        card = make_card(PHOTO, pack, Controls("one", prior, 0.8))
        assert set(card.answer_set) == expected
    assert make_card(PHOTO, pack, Controls("one", 0.5)).answer_set is None


def test_what_cannot_be_read_or_computed_says_so(tmp_path):
    pack, asked = pack_of(tmp_path), Controls("one", 0.5)
    card = make_card(Photo("b.jpg", error="cannot read"), pack, asked)
    assert (card.error, list(card.answers)) == ("cannot read", [])
    lost = Photo("c.jpg", found={"one": Finding(torch.full((1, 6), torch.nan))})
    card = make_card(lost, pack, asked)
    assert (card.error, card.answers) == ("its scores are no finite numbers", [])
