"""tools/test.py --group-by, as a user calls it."""

import csv
import json
from functools import partial

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.test_inference.conftest import shades  # noqa: F401 (a fixture)

TOOL = ROOT / "tools" / "test.py"


@pytest.fixture
def run_test(shades, run_here):  # noqa: F811
    return partial(run_here, TOOL, shades.config, shades.checkpoint)


def write_plants(shades, plants):  # noqa: F811
    """Write a table of the images' plants."""
    with (shades.folder / "plants.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("plant", "path"))
        for path, plant in zip(shades.paths, plants, strict=True):
            writer.writerow((plant, path.relative_to(shades.folder)))
    return f"{shades.folder}/plants.csv:plant"


def test_both_numbers_are_told(run_test, shades, tmp_path):  # noqa: F811
    """7, 4 and 2 images: plants of 2 or 3 of them, each of one class."""
    plants = np.array([0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5])
    group_by = write_plants(shades, plants)
    out = run_test("--group-by", group_by, "--out", "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    scores = np.log(shades.test_scores())
    means = [scores[plants == plant].mean(axis=0) for plant in range(6)]
    right = 100 * np.mean(np.argmax(means, axis=1) == [0, 0, 0, 1, 1, 2])
    assert report["observation/overall"] == pytest.approx(right)
    assert report["observations"]["number"] == 6
    assert len(report["observations"]["intervals"]["overall"]) == 2
    rows = [line for line in out.splitlines() if "by observation" in line]
    assert f" {right:.2f} " in rows[0]
    assert len(rows) == 3
    image = run_test("--out", "by_image.json")
    assert "observations" not in image
    by_image = json.loads((tmp_path / "by_image.json").read_text())
    assert by_image["long_tail/overall"] == report["long_tail/overall"]
    assert not [key for key in by_image if key.startswith("observation")]


def test_plants_of_two_classes_are_refused_before_the_test(run_test, shades, tmp_path):  # noqa: F811
    group_by = write_plants(shades, [0] * 8 + [1] * 5)
    out = run_test("--group-by", group_by, "--out", "report.json", fails=True)
    assert (
        "error: 2 of 2 observations have images of several labels, and no one answer "
        "can be right: 0, 1"
    ) in out
    assert not (tmp_path / "report.json").exists()
    out = run_test("--group-by", "(dark)", fails=True)
    assert "error: 6 of 13 images have no group by '(dark)': train/grey/0.jpg" in out
