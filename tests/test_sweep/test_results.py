import json
from statistics import mean, stdev

from lpt_mm.sweep import speed
from lpt_mm.sweep.plan import Plan
from lpt_mm.sweep.results import write_results
from lpt_mm.sweep.row import Repeat, Row
from tests.conftest import ROOT

EMPTY = dict(shot_groups="", classes=[])  # of a report
CONFIG = str(ROOT / "configs" / "lpt" / "phase1_digits_lt.py")


def test_mean_and_standard_deviation_over_the_seeds(tmp_path):
    row = Row("phase 1", CONFIG)
    overall = {0: 90.0, 1: 92.0, 2: 97.0}
    for seed, value in overall.items():
        folder = row.folder(tmp_path, Repeat(seed))
        folder.mkdir(parents=True)
        metrics = {"long_tail/overall": value, "long_tail/few": 80.0}
        (folder / "val.json").write_text(json.dumps(metrics | EMPTY))
    plan = Plan("mine", [row], [0, 1, 2, 3], split="val")
    table = write_results(plan, tmp_path, tmp_path / "out")
    lines = table.read_text(encoding="utf-8").splitlines()
    values = list(overall.values())
    assert lines[0] == "|  | overall | few | seeds |"
    spread = f"{mean(values):.2f} ± {stdev(values):.2f}"
    assert lines[2] == f"| phase 1 | {spread} | 80.00 ± 0.00 | 3 |"


def test_rows_may_have_other_shot_groups(tmp_path):
    rows = [Row("a", CONFIG), Row("b", CONFIG, {"train_cfg.max_epochs": 1})]
    for row, groups in zip(rows, (("overall", "few"), ("overall",)), strict=True):
        folder = row.folder(tmp_path, Repeat(0))
        folder.mkdir(parents=True)
        metrics = {f"long_tail/{group}": 50.0 for group in groups}
        (folder / "test.json").write_text(json.dumps(metrics | EMPTY))
    table = write_results(Plan("mine", rows, [0]), tmp_path, tmp_path / "out")
    assert table.read_text().splitlines()[2:] == [
        "| a | 50.00 | 50.00 | 1 |",
        "| b | 50.00 | - | 1 |",
    ]


def test_a_row_name_is_one_cell(tmp_path):
    row = Row("a|b *c*\n", CONFIG)
    folder = row.folder(tmp_path, Repeat(0))
    folder.mkdir(parents=True)
    (folder / "test.json").write_text(json.dumps({"long_tail/overall": 50.0} | EMPTY))
    table = write_results(Plan("mine", [row], [0]), tmp_path, tmp_path / "out")
    assert table.read_text().splitlines()[2] == r"| a\|b \*c\*\\n | 50.00 | 1 |"


def test_speeds_are_measured_once_and_stand_in_the_table(tmp_path, monkeypatch):
    row, calls = Row("phase 1", CONFIG), []
    crops = Row("crops", CONFIG, {"test_cfg.x": 1}, tests=row)

    def benchmark(cfg, phase, batch_size, repeats):
        calls.append((cfg.model.type, phase))
        seconds = 0.5 if phase == "infer" else 2.0
        return dict(config=dict(images_per_second=64 / seconds))

    monkeypatch.setattr(speed, "measure_model_speed", benchmark)
    plan = Plan("mine", [row, crops], [0], speed=True)
    for _ in range(2):
        speed.measure_speeds(plan, tmp_path)
    assert calls == [("LPTClassifier", "infer"), ("LPTClassifier", "train")]
    lines = write_results(plan, tmp_path, tmp_path / "out").read_text().splitlines()
    assert lines[0] == "|  | classify, images/s | train, images/s | seeds |"
    assert lines[2:] == ["| phase 1 | 128 | 32 | 0 |", "| crops | 128 | 32 | 0 |"]


def test_further_columns_are_metrics_and_costs(tmp_path):
    row = Row("phase 1", CONFIG)
    tests = Row("crops", CONFIG, {"test_cfg.x": 1}, tests=row)
    untrained = Row("K-NN", CONFIG.replace("lpt/phase1", "baselines/knn"))
    columns = ["overall", "ece", "trained_parameters", "seconds", "few"]
    plan = Plan("mine", [row, tests, untrained], [0], folds=[1, 2, 3], columns=columns)
    seconds = {1: "1000.0\n", 2: "2000.0\n", 3: "resumed\n"}  # after an interruption
    for made in plan.rows:
        for repeat, report in plan.reports(tmp_path, made).items():
            report.parent.mkdir(parents=True)
            metrics = {"long_tail/overall": 50.0, "long_tail/ece": 4.0 + repeat.fold}
            report.write_text(json.dumps(metrics | EMPTY))
            if made is row:
                (report.parent / "seconds.txt").write_text(seconds[repeat.fold])
    lines = write_results(plan, tmp_path, tmp_path / "out").read_text().splitlines()
    assert lines[0] == "|  | overall | ece | trained parameters | seconds | folds |"
    # 6 layers x 1 prompt x 64, a cosine classifier of 10 x 64
    start = "50.00 ± 0.00 | 6.00 ± 1.00 |"
    assert lines[2:] == [
        f"| phase 1 | {start} 1,024 | 1,500 | 3 |",
        f"| crops | {start} 1,024 | 1,500 | 3 |",
        f"| K-NN | {start} - | - | 3 |",
    ]
    lines = (tmp_path / "out" / "results.csv").read_text().splitlines()
    assert lines[0] == "row,config,options,fold,seed,ece,overall,folder"
    for line in (lines[2], lines[5]):  # of fold 2: trained, and tested with crops
        assert line.endswith(str(row.folder(tmp_path, Repeat(0, 2))))
