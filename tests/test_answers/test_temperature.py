"""Temperatures are found again that were put into scores."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from lpt_mm.answers.posterior import Posterior
from lpt_mm.answers.temperature import fit_temperature
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.pack import read_pack
from tests.conftest import ROOT
from tests.test_collection.made_up import COUNTS, write_pack, write_set

CALIBRATE = ROOT / "tools" / "inference" / "calibrate.py"
FACTS = dict(balancing=dict(prior_power=0.0))
GROUP = np.array([0, 0, 1, 1, 2, 2])  # many, many, medium, medium, few, few


def draw(number, temperature, frequency=None):
    """Draw labels by the softmax of scores, and multiply these by the temperature.

    Of classes less frequent than others, a share is kept.
    """
    rng = np.random.default_rng(0)
    logit = rng.normal(0, 2, size=(number, len(COUNTS)))
    edge = np.cumsum(np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True), axis=1)
    label = (rng.random((number, 1)) > edge).sum(axis=1).clip(max=len(COUNTS) - 1)
    if frequency is not None:
        kept = rng.random(number) < (frequency / frequency.max())[label]
        logit, label = logit[kept], label[kept]
    return (logit * temperature).astype("float32"), label


def with_temperatures(logit, temperature):
    """Find scores of mean 0 that are as these logits once they are divided.

    They are T (logit + k), with k of each image so that their mean is 0.
    """
    k = -(logit @ temperature) / temperature.sum()
    return (temperature * (logit + k[:, None])).astype("float32")


@pytest.mark.parametrize("frequency", [None, np.array([1, 9, 1, 9, 3, 9])])
def test_the_temperature_is_found_whatever_the_labels_frequency(tmp_path, frequency):
    pack = write_pack(tmp_path / "a.safetensors", **FACTS)
    score, label = draw(20_000, 2.5, frequency)
    fit = fit_temperature(pack, score, label)
    assert fit.temperature == {"all": pytest.approx(2.5, rel=0.03)}
    before, after = fit.likelihood
    assert after < before
    assert fit.calibration_error[1] < 1.5 < fit.calibration_error[0]


def test_each_group_has_its_own(tmp_path):
    pack = write_pack(tmp_path / "a.safetensors", **FACTS)
    true = np.array([0.5, 2.0, 4.0])
    logit, label = draw(20_000, 1.0)
    score = with_temperatures(logit, true[GROUP])
    fit = fit_temperature(pack, score, label, by_group=True)
    assert list(fit.temperature) == ["many", "medium", "few"]
    assert_allclose(list(fit.temperature.values()), true, rtol=0.06)


def test_what_is_added_to_all_scores_of_an_image_changes_nothing(tmp_path):
    facts = dict(temperature=dict(many=0.5, medium=2.0, few=4.0))
    pack = write_pack(tmp_path / "a.safetensors", calibration=facts, **FACTS)
    score, label = (torch.from_numpy(x) for x in draw(50, 1.0))
    more = score + torch.arange(50.0)[:, None]
    found, again = Posterior(pack)(score), Posterior(pack)(more)
    assert_allclose(again, found, rtol=1e-3)  # of scores near 50, in float32
    assert (found.argmax(dim=1) != score.argmax(dim=1)).any()
    fits = (fit_temperature(pack, x.numpy(), label.numpy()) for x in (score, more))
    first, second = (fit.temperature["all"] for fit in fits)
    assert second == pytest.approx(first, rel=1e-3)


def test_scores_without_an_error_give_the_lowest_temperature(tmp_path):
    pack = write_pack(tmp_path / "a.safetensors", **FACTS)
    label = np.arange(60) % 6
    score = 5 * np.eye(6, dtype="float32")[label]
    found = fit_temperature(pack, score, label).temperature["all"]
    assert 0.01 <= found < 0.7


def test_the_tool_writes_a_pack_that_predicts_so(tmp_path, run_here):
    pack = write_pack(tmp_path / "a.safetensors", **FACTS)
    score, label = draw(2000, 2.5)
    write_set(tmp_path / "set", pack, score, label)
    said = run_here(CALIBRATE, "a.safetensors", "set", "--out", "b.safetensors")
    assert "calibration error" in said
    calibrated = read_pack(tmp_path / "b.safetensors")
    temperature = calibrated.calibration["temperature"]["all"]
    assert temperature == pytest.approx(2.5, rel=0.1)
    expected = torch.from_numpy(score / temperature).softmax(dim=1)
    assert_allclose(Posterior(calibrated)(torch.from_numpy(score)), expected, rtol=1e-4)
    said = run_here(
        *(CALIBRATE, "b.safetensors", "set", "--out", "c.safetensors", "--by-group")
    )  # the set is of it, too
    assert "temperature, few" in said
    said = run_here(
        CALIBRATE, "a.safetensors", "set", "--out", "b.safetensors", fails=True
    )
    assert "exists and is not overwritten" in said


def test_too_few_images_are_refused(tmp_path):
    pack = write_pack(tmp_path / "a.safetensors", **FACTS)
    score, label = draw(100, 1.0)
    few = np.flatnonzero(GROUP[label] == 2)[9:]
    rest = np.setdiff1d(np.arange(100), few)
    with pytest.raises(UserError, match="at least 10 images, .* has 9 of few classes"):
        fit_temperature(pack, score[rest], label[rest], by_group=True)
