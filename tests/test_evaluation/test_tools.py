"""The tools that write and compare results."""

import csv
import json
import re

import pytest

from tests.conftest import ROOT
from tests.test_evaluation.test_pictures import REPORT

COMPARE = ROOT / "tools" / "analysis_tools" / "compare.py"
TEST = ROOT / "tools" / "test.py"
REMEDY = "choose another name or remove it"
CONFIG = ROOT / "configs" / "baselines" / "knn_digits_lt.py"


def test_compare_draws_both_pictures(run_here, tmp_path):
    for name in ("a", "b"):
        report = json.dumps(REPORT | dict(shot_groups="lpt: few <= 20"))
        (tmp_path / f"{name}.json").write_text(report)
    pictures = ("--picture", "accuracy.png", "--confusion", "confusion.png")
    out = run_here(COMPARE, "a.json", "b.json", *pictures)
    assert "lpt: few <= 20" in out
    assert out.count("80.00") == 2
    for name in pictures[1::2]:
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    for option, name in (pictures[:2], pictures[2:]):
        out = run_here(COMPARE, "a.json", option, name, fails=True)
        assert out == f"error: '{name}' exists and is not overwritten: {REMEDY}"
    out = run_here(COMPARE, "accuracy.png", fails=True)
    assert out == "error: 'accuracy.png' is no file of tools/test.py --out"


@pytest.mark.parametrize("option", ["--out", "--csv"])
def test_an_output_is_refused_before_the_test(run_here, tmp_path, option):
    (tmp_path / "old").touch()
    out = run_here(TEST, CONFIG, option, "old", fails=True)
    assert out == f"error: 'old' exists and is not overwritten: {REMEDY}"
    (tmp_path / "folder").mkdir()
    out = run_here(TEST, CONFIG, option, "folder", fails=True)
    assert out == "error: 'folder' is a folder: name a file in it"
    same = ("--out", "new", "--csv", "new")
    assert "two outputs" in run_here(TEST, CONFIG, *same, fails=True)


def test_a_test_writes_json_and_csv(run_here, tmp_path):
    files = ("--out", "m.json", "--csv", "classes.csv")
    out = run_here(TEST, CONFIG, *files)
    report = json.loads((tmp_path / "m.json").read_text())
    low, high = report["intervals"]["overall"]
    assert low < report["long_tail/overall"] < high
    assert f"{low:.1f}-{high:.1f}" in out
    assert f"{report['long_tail/ece_few']:.2f}" in out
    with (tmp_path / "classes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["accuracy"]) for row in rows] == [
        row["accuracy"] for row in report["classes"]
    ]
    assert sum(map(sum, report["shot_confusion"]["images"])) == sum(
        int(row["test_images"]) for row in rows
    )
    out = run_here(TEST, CONFIG, *files, fails=True)  # before anything is computed
    assert "'m.json' exists and is not overwritten" in out


@pytest.mark.parametrize(
    "tool", ["benchmark", "compare", "cost", "features", "matching"]
)
def test_help_says_that_outputs_are_new_files(run_here, tool):
    out = " ".join(run_here(COMPARE.with_name(f"{tool}.py"), "--help").split())
    outputs = re.split(r" --(?:json|out|picture|confusion) [A-Z]+ ", out)[1:]
    assert outputs
    assert all("new file" in text.split(" --")[0] for text in outputs)
