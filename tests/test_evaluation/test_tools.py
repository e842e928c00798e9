"""The tools that write and compare results."""

import csv
import json

from tests.conftest import ROOT
from tests.test_evaluation.test_pictures import REPORT

COMPARE = ROOT / "tools" / "analysis_tools" / "compare.py"
TEST = ROOT / "tools" / "test.py"
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
    out = run_here(COMPARE, "a.json", *pictures[2:], fails=True)
    assert "'confusion.png' exists and is not overwritten" in out


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
