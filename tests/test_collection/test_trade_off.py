"""The curve is the accuracy of predictions under each prior."""

import csv

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.test_collection.made_up import COUNTS, draw_scores, write_pack, write_set

TOOL = ROOT / "tools" / "inference" / "trade_off.py"


def test_the_tool_writes_what_adding_the_log_counts_gives(tmp_path, run_here):
    pack = write_pack(tmp_path / "a.safetensors", balancing=dict(prior_power=1.0))
    rng = np.random.default_rng(0)
    label = np.repeat(np.arange(6), 100)
    score = draw_scores(rng, label, 6, strength=1) + np.log(COUNTS)
    write_set(tmp_path / "set", pack, score.astype("float32"), label)
    options = ("--steps", 5, "--out", "a.csv", "--picture", "a.png")
    said = run_here(TOOL, "a.safetensors", "set", *options)
    assert "mean_class" in said
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    for t, row in zip((0, 0.25, 0.5, 0.75, 1), rows, strict=True):
        right = (score + (t - 1) * np.log(COUNTS)).argmax(axis=1) == label
        assert float(row["prior"]) == t
        assert float(row["few"]) == pytest.approx(100 * right[400:].mean(), rel=1e-5)
        assert float(row["many"]) == pytest.approx(100 * right[:200].mean(), rel=1e-5)
    assert float(rows[0]["few"]) > float(rows[-1]["few"])
    assert float(rows[0]["many"]) < float(rows[-1]["many"])
    assert Image.open(tmp_path / "a.png").size > (600, 300)
    said = run_here(TOOL, "a.safetensors", "set", "--out", "a.csv", fails=True)
    assert "'a.csv' exists" in said
