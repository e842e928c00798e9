import csv
import json
import multiprocessing

import pytest
from filelock import FileLock

from lpt_mm.sweep import read_plan, run, run_plan, write_results
from lpt_mm.sweep.run import result_checkpoint
from tests.conftest import ROOT

LEAF = "configs/lpt/phase{}_digits_lt.py"
WRONG = (
    "train: there are 10 classes but the head has 9: set num_classes=10 in the config"
)
SHORT = {
    "train_cfg.max_epochs": 1,
    "train_dataloader.num_batch_per_epoch": 2,
    "test_dataloader.dataset.indices": 100,
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
        "broken": dict(config=LEAF.format(1), options={"model.head.num_classes": 9}),
        "after it": dict(config=LEAF.format(2), options=SHORT, phase1="broken"),
    }
    file = tmp_path / "sweep.py"
    file.write_text(f"rows = {rows!r}\nseeds = [3]\n")
    return read_plan(str(file))


def test_runs_everything_once_and_sums_up(plan, tmp_path):
    root = tmp_path / "runs"
    failures = run_plan(plan, root, processes=2)
    broken = plan.rows[3].folder(root, 3) / "log.txt"
    assert failures == [
        f"{name}, seed 3: train.py failed: {WRONG}; see {broken}"
        for name in ("broken", "after it")
    ]
    assert WRONG in broken.read_text()

    reports = sorted(root.glob("*/seed_3/test.json"))
    assert len(reports) == 3
    times = [report.stat().st_mtime_ns for report in reports]
    phase1, phase2 = (row.folder(root, 3) for row in plan.rows[:2])
    assert str(phase1 / "epoch_1.pth") in (phase2 / "log.txt").read_text()

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
    assert [line["row"] for line in lines] == ["phase 1", "phase 2", "K-NN"]
    assert float(lines[0]["overall"]) == first["long_tail/overall"]
    assert lines[0]["seed"] == "3"


@pytest.fixture
def tool(tmp_path, monkeypatch):
    """Run a script as the sweep's only tool, and give the failure's one line."""
    monkeypatch.setattr(run, "TOOLS", tmp_path)

    def run_script(text):
        (tmp_path / "tool.py").write_text(text)
        # Forked, the process has the changed TOOLS.
        context = multiprocessing.get_context("fork")
        with pytest.raises(run.RunError) as error:
            run._run_tool(context, "tool.py", [], tmp_path, 0)
        return str(error.value)

    return run_script


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("{}['x']", "KeyError: 'x'"),
        ("raise ValueError('a\\nb\\n')", "b"),
        ("import sys; sys.exit('error: no such file')", "no such file"),
        ("import sys; sys.exit(2)", "it says nothing"),
        ("import os; os.kill(os.getpid(), 9)", "it was ended by SIGKILL"),
        ("print('\\udcff'); 1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_failed_run_says_why(tool, tmp_path, script, reason):
    log = tmp_path / "log.txt"
    assert tool(script) == f"tool.py failed: {reason}; see {log}"
    assert ("Traceback" in log.read_text()) == (
        "sys" not in script and "os" not in script
    )


def test_a_result_that_another_sweep_wrote_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "TOOLS", tmp_path)
    (tmp_path / "tool.py").write_text("raise ValueError")
    (tmp_path / "test.json").touch()
    run._run_script("tool.py", [], tmp_path, 0, tmp_path / "test.json")
    with pytest.raises(SystemExit):
        run._run_script("tool.py", [], tmp_path, 0, tmp_path / "val.json")


def test_a_run_is_judged_by_the_epoch_that_validation_chose(tmp_path):
    (tmp_path / "epoch_2.pth").touch()
    (tmp_path / "last_checkpoint").write_text(str(tmp_path / "epoch_2.pth"))
    assert result_checkpoint(tmp_path) == str(tmp_path / "epoch_2.pth")
    (best := tmp_path / "best_long_tail_overall_epoch_1.pth").touch()
    assert result_checkpoint(tmp_path) == str(best)


def test_two_sweeps_do_not_work_on_one_run_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "TOOLS", tmp_path)
    (tmp_path / "tool.py").write_text("open('ran', 'w').close()")
    monkeypatch.chdir(tmp_path)
    arguments = ("tool.py", [], tmp_path, 0, tmp_path / "test.json")
    with FileLock(tmp_path / run.LOCK):
        second = multiprocessing.get_context("fork").Process(
            target=run._run_script, args=arguments
        )
        second.start()
        second.join(timeout=1)
        assert not (tmp_path / "ran").exists()
    second.join()
    assert (tmp_path / "ran").exists()
