import json
from statistics import mean, stdev

from lpt_mm.sweep.plan import Plan, Row
from lpt_mm.sweep.results import write_results
from tests.conftest import ROOT

CONFIG = str(ROOT / "configs" / "lpt" / "phase1_digits_lt.py")


def test_mean_and_standard_deviation_over_the_seeds(tmp_path):
    row = Row("phase 1", CONFIG)
    overall = {0: 90.0, 1: 92.0, 2: 97.0}
    for seed, value in overall.items():
        folder = row.folder(tmp_path, seed)
        folder.mkdir(parents=True)
        metrics = {"long_tail/overall": value, "long_tail/few": 80.0, "shot_groups": ""}
        (folder / "val.json").write_text(json.dumps(metrics))
    plan = Plan("mine", [row], [0, 1, 2, 3], split="val")
    lines = write_results(plan, tmp_path, tmp_path / "out").read_text().splitlines()
    values = list(overall.values())
    assert lines[0] == "| | overall | few | seeds |"
    spread = f"{mean(values):.2f} ± {stdev(values):.2f}"
    assert lines[2] == f"| phase 1 | {spread} | 80.00 ± 0.00 | 3 |"
