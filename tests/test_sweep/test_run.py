import csv
import json
import multiprocessing
import os
import signal
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from lpt_mm.evaluation.predictions import predictions_beside, read_predictions
from lpt_mm.sweep import run
from lpt_mm.sweep.plan import read_plan
from lpt_mm.sweep.results import write_results
from lpt_mm.sweep.row import Repeat
from lpt_mm.sweep.run import result_checkpoint, run_plan
from lpt_mm.utils.errors import UserError
from tests.conftest import ROOT

LEAF = "configs/lpt/phase{}_digits_lt.py"
REPEAT = Repeat(3)
WRONG = (
    "train: there are 10 classes but the head has 9: set num_classes=10 in the config"
)
SHORT = {
    "train_cfg.max_epochs": 1,
    "train_dataloader.num_batch_per_epoch": 2,
    "test_dataloader.dataset.indices": 100,
}
MIRRORED = {
    "test_dataloader.dataset.pipeline": [
        dict(type="RandomFlip", prob=1.0),
        dict(type="PackInputs"),
    ]
}


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    rows = {
        "phase 1": dict(config=LEAF.format(1), options=SHORT),
        "phase 2": dict(config=LEAF.format(2), options=SHORT, phase1="phase 1"),
        "K-NN": dict(
            config="configs/baselines/knn_digits_lt.py",
            options={"test_dataloader.dataset.indices": 100},
        ),
        "phase 2, mirrored": dict(tests="phase 2", options=MIRRORED),
        "broken": dict(config=LEAF.format(1), options={"model.head.num_classes": 9}),
        "after it": dict(config=LEAF.format(2), options=SHORT, phase1="broken"),
    }
    file = tmp_path / "sweep.py"
    file.write_text(f"rows = {rows!r}\nseeds = [3]\n")
    return read_plan(str(file))


def test_runs_everything_once_and_sums_up(plan, tmp_path):
    root = tmp_path / "runs"
    failures = run_plan(plan, root, processes=2)
    broken = plan.rows[4].folder(root, REPEAT) / "log.txt"
    assert failures == [
        f"{name}, seed 3: {WRONG}; see {broken}" for name in ("broken", "after it")
    ]
    assert WRONG in broken.read_text()

    reports = sorted(root.glob("*/seed_3/test.json"))
    assert len(reports) == 4
    times = [report.stat().st_mtime_ns for report in reports]
    phase1, phase2, _, mirrored = (row.folder(root, REPEAT) for row in plan.rows[:4])
    assert str(phase1 / "epoch_1.pth") in (phase2 / "log.txt").read_text()
    assert str(phase2 / "epoch_1.pth") in (mirrored / "log.txt").read_text()
    assert not list(mirrored.rglob("*.pth"))
    tests = [
        read_predictions(predictions_beside(x / "test.json"))
        for x in (phase2, mirrored)
    ]
    assert np.array_equal(tests[0].label, tests[1].label)
    assert not np.array_equal(tests[0].confidence, tests[1].confidence)
    for folder, test in zip((phase2, mirrored), tests, strict=True):
        overall = json.loads((folder / "test.json").read_text())["long_tail/overall"]
        assert overall == 100 * test.correct.mean()

    log = (phase1 / "log.txt").read_text()
    run_plan(plan, root, processes=1)  # again, but for what failed
    assert [report.stat().st_mtime_ns for report in reports] == times
    assert (phase1 / "log.txt").read_text() == log

    table = write_results(plan, root, tmp_path / "out").read_text()
    first = json.loads((phase1 / "test.json").read_text())
    assert f"| phase 1 | {first['long_tail/overall']:.2f} |" in table
    assert "| broken | - |" in table
    with open(tmp_path / "out" / "results.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["row"] for line in lines] == [
        "phase 1",
        "phase 2",
        "K-NN",
        "phase 2, mirrored",
    ]
    assert float(lines[0]["overall"]) == first["long_tail/overall"]
    assert lines[0]["seed"] == "3"

    seconds = phase1 / "seconds.txt"
    assert float(seconds.read_text()) > 0
    seconds.unlink()  # as if it had been interrupted behind its checkpoint
    (phase1 / "test.json").unlink()
    run_plan(plan, root, processes=1)
    assert seconds.read_text() == "resumed\n"
    assert json.loads((phase1 / "test.json").read_text()) == first


def test_what_another_sweep_has_trained_meanwhile_is_not_trained_again(tmp_path):
    seconds = tmp_path / "seconds.txt"
    seconds.write_text("12.3\n")
    run._train(tmp_path / "no_such_config.py", None)
    assert seconds.read_text() == "12.3\n"


def fail(error):
    raise error


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("work", "arguments", "reason"),
    [
        (fail, [KeyError("x")], "KeyError: 'x'"),
        (fail, [TypeError("a\nb\n")], "b"),
        (fail, [UserError("no such class")], "no such class"),
        (fail, [FileNotFoundError("no such file")], "no such file"),
        (os._exit, [2], "it says nothing"),
        (kill, [], "it was ended by SIGKILL"),
    ],
)
def test_a_failed_run_says_why(tmp_path, work, arguments, reason):
    context = multiprocessing.get_context("fork")
    with pytest.raises(run.RunError) as error:
        run._run(context, 0, tmp_path, work, *arguments)
    log = tmp_path / "log.txt"
    assert str(error.value) == f"{reason}; see {log}"
    assert ("Traceback" in log.read_text()) == (reason[:3] in ("Key", "b"))


def test_a_log_takes_any_text(tmp_path):
    run._work(0, tmp_path, print, ["\udcff"])
    assert (tmp_path / "log.txt").read_text() == "\\udcff\n"


def test_a_result_that_another_sweep_wrote_is_kept(tmp_path):
    (report := tmp_path / "test.json").touch()
    predictions_beside(report).touch()
    predictions_beside(killed := tmp_path / "val.json").touch()
    run._test(tmp_path / "gone.py", None, "test", report)
    assert predictions_beside(report).exists()
    with pytest.raises(FileNotFoundError):
        run._test(tmp_path / "gone.py", None, "val", killed)
    assert not predictions_beside(killed).exists()


def test_a_run_is_judged_by_the_epoch_that_validation_chose(tmp_path):
    (tmp_path / "epoch_2.pth").touch()
    (tmp_path / "last_checkpoint").write_text(str(tmp_path / "epoch_2.pth"))
    assert result_checkpoint(tmp_path) == str(tmp_path / "epoch_2.pth")
    (best := tmp_path / "best_long_tail_overall_epoch_1.pth").touch()
    assert result_checkpoint(tmp_path) == str(best)


def test_two_sweeps_do_not_work_on_one_run_at_a_time(tmp_path):
    ran = tmp_path / "ran"
    with FileLock(tmp_path / run.LOCK):
        second = multiprocessing.get_context("fork").Process(
            target=run._work, args=(0, tmp_path, Path.touch, [ran])
        )
        second.start()
        second.join(timeout=1)
        assert not ran.exists()
    second.join()
    assert ran.exists()
