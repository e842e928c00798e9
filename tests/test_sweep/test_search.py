import json

import pytest

from lpt_mm.sweep.plan import Plan
from lpt_mm.sweep.row import Repeat, Row
from lpt_mm.sweep.search import settle, write_choices
from lpt_mm.utils.errors import UserError
from tests.conftest import ROOT

PHASE1 = str(ROOT / "configs" / "lpt" / "phase1_digits_lt.py")
PHASE2 = str(ROOT / "configs" / "lpt" / "phase2_digits_lt.py")
LR, K = "optim_wrapper.optimizer.lr", "model.neck.topk"
SCORES = {0.1: 60.0, 0.3: 70.0, 0.9: 65.0}  # of phase 1, by learning rate


class Runs:
    """Do runs by writing the scores that they would have."""

    def __init__(self, root, scores):
        self.root, self.scores, self.done = root, scores, []

    def __call__(self, plan):
        assert plan.split == "val"
        failed = []
        for row in plan.rows:
            for repeat, report in plan.reports(self.root, row).items():
                score = self.scores(row)
                if score is None:
                    failed.append(f"{row.name}: it is bad")
                elif not report.is_file():
                    report.parent.mkdir(parents=True)
                    found = {"long_tail/mean_class": score}
                    found |= dict(shot_groups="", classes=[])
                    report.write_text(json.dumps(found))
                    self.done.append((row, repeat))
        return failed


def score(row):
    lr, neck = row.settings["optim_wrapper"]["optimizer"]["lr"], row.settings["model"]
    return SCORES[lr] + (neck.get("neck") or {}).get("topk", 0)


def make_plan(**more):
    first = Row("phase 1", PHASE1, search={LR: list(SCORES)})
    options = {"train_cfg.max_epochs": 5}
    second = Row(
        "phase 2", PHASE2, options, phase1=first, search={LR: [0.9, 0.1], K: [2, 4]}
    )
    crops = {"test_cfg.type": "EnsembleTestLoop"}
    tested = Row("crops", PHASE2, crops, tests=second)
    plain = Row("plain", PHASE1)
    rows = [first, second, tested, plain]
    return Plan("mine", rows, **dict(dict(seeds=[7, 8], folds=[3, 4]), **more))


def test_each_row_starts_from_what_was_chosen(tmp_path):
    runs = Runs(tmp_path, score)
    plan, choices, _ = settle(make_plan(), tmp_path, runs)
    phase1, phase2, tested, _ = plan.rows
    assert [row.name for row in plan.rows] == ["phase 1", "phase 2", "crops", "plain"]
    assert phase1.options == {LR: 0.3}
    assert phase2.options == {"train_cfg.max_epochs": 5, LR: 0.9, K: 4}
    assert phase2.phase1 is phase1
    assert tested.tests is phase2
    assert tested.settings["model"]["neck"]["topk"] == 4
    assert not any(row.search for row in plan.rows)
    assert (plan.seeds, plan.folds, plan.split) == ([7, 8], [3, 4], "test")
    assert choices[0].scores == [60.0, 70.0, 65.0]
    assert choices[1].scores == [67.0, 69.0, 62.0, 64.0]

    assert len(runs.done) == 7
    assert {repeat for _, repeat in runs.done} == {Repeat(7, 3)}
    starts = {row.phase1.options[LR] for row, _ in runs.done if row.phase1}
    assert starts == {0.3}


def test_a_search_goes_on_and_is_read_back(tmp_path):
    first = Runs(tmp_path, lambda row: None if row.phase1 else score(row))
    message = f"phase 2: none of the 4 runs of its search is done: phase 2, {LR}=0.9, "
    with pytest.raises(ValueError, match=f"{message}{K}=2: it is bad"):
        settle(make_plan(), tmp_path, first)
    with pytest.raises(ValueError, match=r"is done: first run tools/.*/sweep\.py"):
        settle(make_plan(), tmp_path)
    second = Runs(tmp_path, score)
    made, *_ = settle(make_plan(), tmp_path, second)
    assert (len(first.done), len(second.done)) == (3, 4)
    read, *_ = settle(make_plan(), tmp_path)
    for a, b in zip(made.rows, read.rows, strict=True):
        assert a.folder(tmp_path, Repeat(0)) == b.folder(tmp_path, Repeat(0))


def test_what_was_tried_is_written_down(tmp_path):
    def failing(row):
        return None if row.options.get(LR) == 0.1 else score(row)

    plan, choices, failures = settle(make_plan(), tmp_path, Runs(tmp_path, failing))
    assert failures[0] == f"phase 1, {LR}=0.1: it is bad"
    text = write_choices(plan, choices, tmp_path / "out").read_text()
    lines = text.splitlines()
    assert "fold 3, seed 7" in lines[0]
    assert "mean_class" in lines[0]
    assert lines[2:8] == [
        r"|  | optim\_wrapper.optimizer.lr | mean_class |  |",
        "| --- | ---: | ---: | --- |",
        "| phase 1 | 0.1 | failed |  |",
        "| phase 1 | 0.3 | 70.00 | chosen |",
        "| phase 1 | 0.9 | 65.00 |  |",
        "",
    ]
    warnings = [line for line in lines if line.startswith("**")]
    assert warnings == [
        r"**phase 2: the best optim\_wrapper.optimizer.lr, 0.9, is the largest that "
        "was tried, a larger one may be better**",
        "**phase 2: the best model.neck.topk, 4, is the largest that was tried, a "
        "larger one may be better**",
    ]


def test_only_numbers_have_a_border(tmp_path):
    row = Row("a", PHASE1, search={"work_dir": ["b", "a"], LR: [0.3]})
    plan = Plan("mine", [row], [0])
    scores = Runs(tmp_path, lambda row: 50.0)
    settled, (choice,), _ = settle(plan, tmp_path, scores)
    assert settled.rows[0].options == {"work_dir": "b", LR: 0.3}  # the first of equals
    assert choice.warnings() == []


def test_a_plan_without_a_search_stays_as_it_is(tmp_path):
    plan = Plan("mine", [Row("a", PHASE1)], [0])
    assert settle(plan, tmp_path) == (plan, [], [])


def test_a_damaged_report_is_named(tmp_path):
    plan = make_plan()
    settle(plan, tmp_path, Runs(tmp_path, score))
    damaged = next(tmp_path.rglob("val.json"))
    damaged.write_bytes(damaged.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"val.json' is no file of tools/test.py --out"):
        settle(plan, tmp_path)
