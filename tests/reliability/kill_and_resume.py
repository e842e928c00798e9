"""Kill training again and again, resume it, and compare with a run left alone.

    python tests/reliability/kill_and_resume.py --rounds 200 --seed 0

Each round resumes a run of digits-LT and kills it, workers and all, at a random moment.
After each: ``last_checkpoint`` names a whole file, and no step was lost. When a run
gets through, its final checkpoint must equal that of the run left alone, bit for bit.
"""

import argparse
import math
import os
import runpy
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

import lpt_mm  # noqa: F401 (loaded once, before the runs are forked)
from lpt_mm.engine.start import latest_checkpoint, newest_good_checkpoint
from lpt_mm.weights.reading import read_file

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs" / "lpt"
EPOCHS = 6
LONGEST_WAIT = 6.0  # seconds before a kill; a whole run takes about as long
TRAINED = ("state_dict", "optimizer", "param_schedulers")


@dataclass
class Kind:
    """A way to train: how often to save, and how many workers load images."""

    name: str
    phase: int
    options: tuple[str, ...]
    reference: dict = field(default_factory=dict)


def kinds() -> list[Kind]:
    """List the ways that are tried in turn."""
    found = []
    for phase in (1, 2):
        for workers in (0, 2):
            for saving in ("epoch", "3 steps"):
                by_epoch = saving == "epoch"
                hook = "default_hooks.checkpoint"
                options = (
                    f"train_cfg.max_epochs={EPOCHS}",
                    "train_cfg.val_interval=2",
                    f"train_dataloader.num_workers={workers}",
                    f"train_dataloader.persistent_workers={workers > 0}",
                    f"{hook}.interval={1 if by_epoch else 3}",
                    f"{hook}.by_epoch={by_epoch}",
                    f"{hook}.save_best=long_tail/mean_class",
                    f"{hook}.rule=greater",
                )
                name = f"phase {phase}, saved every {saving}, {workers} workers"
                found.append(Kind(name, phase, options))
    return found


def start(kind: Kind, folder: Path, phase1: Path) -> int:
    """Start or resume training in a process group of its own; return its number."""
    config = CONFIGS / f"phase{kind.phase}_digits_lt.py"
    arguments = ["train.py", str(config), "--resume", "--work-dir", str(folder)]
    if kind.phase == 2:
        arguments += ["--phase1", str(phase1)]
    process = os.fork()
    if process:
        return process
    os.setsid()
    log = os.open(folder.parent / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    code = 1
    try:
        sys.argv = [*arguments, "--cfg-options", *kind.options]
        runpy.run_path(str(ROOT / "tools" / "train.py"), run_name="__main__")
        code = 0
    except BaseException:  # this process must never get out of here
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)


def run(kind: Kind, folder: Path, phase1: Path, wait: float = math.inf) -> bool:
    """Train, for a while at most; tell whether training got through."""
    process, end = start(kind, folder, phase1), time.monotonic() + wait
    while time.monotonic() < end:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            assert status == 0, (folder.parent / "log.txt").read_text()[-4000:]
            return True
        time.sleep(0.005)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return False


def load_final(folder: Path) -> dict:
    """Read the checkpoint that a finished run recorded."""
    return torch.load(latest_checkpoint(str(folder)), weights_only=True)


def check_whole(folder: Path) -> int:
    """Check what a killed run left, and return how many steps are saved."""
    recorded = folder / "last_checkpoint"
    if recorded.exists():
        read_file(recorded.read_text())  # raises if it is not whole
    newest = newest_good_checkpoint(str(folder))
    if newest is None:
        return 0
    return torch.load(newest, weights_only=True)["meta"]["iter"]


def same(a: object, b: object) -> bool:
    """Compare plain objects, tensors bit for bit."""
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def find_differences(kind: Kind, final: dict) -> list[str]:
    """Name what differs from the run left alone: weights, optimizer, rate, logs."""
    wrong = [key for key in TRAINED if not same(final[key], kind.reference[key])]
    mine, theirs = find_logs(final), find_logs(kind.reference)
    return wrong + [key for key in theirs if not same(mine.get(key), theirs[key])]


def find_logs(checkpoint: dict) -> dict:
    """Find what was logged in each step, but for times, and the last beta."""
    logs = checkpoint["message_hub"]["log_scalars"]
    beta = logs["train/beta"]["history_values"][-1:]  # a resume logs it once more
    others = {"train/beta", "train/time", "train/data_time"}
    steps = {key for key in logs.keys() - others if key.startswith("train/")}
    return {key: logs[key] for key in steps} | dict(beta=beta)


@dataclass
class Tally:
    """What happened in all rounds."""

    kills: int = 0
    finished: int = 0
    lost: int = 0
    faults: list[str] = field(default_factory=list)


def kill_until_through(
    kind: Kind, folder: Path, phase1: Path, waits: Generator[float, int], tally: Tally
) -> None:
    """Kill and resume one run until it gets through, and compare it."""
    folder.mkdir()
    steps = 0
    while not run(kind, folder, phase1, waits.send(tally.kills)):
        tally.kills += 1
        saved = check_whole(folder)
        tally.lost += saved < steps
        steps = saved
    tally.finished += 1
    if wrong := find_differences(kind, load_final(folder)):
        tally.faults.append(f"{kind.name}: {', '.join(wrong)}")


def choose_waits(rounds: int, seed: int) -> Generator[float, int]:
    """Choose the seconds before each kill; get sent how many there were."""
    rng = np.random.default_rng(seed)
    kills = yield 0.0
    with Progress() as bar:
        task = bar.add_task("kill and resume", total=rounds)
        while True:
            bar.update(task, completed=kills)
            wait = rng.uniform(0.2, LONGEST_WAIT)
            kills = yield wait if kills < rounds else math.inf


def make_references(ways: list[Kind], root: Path) -> Path:
    """Run each way without a kill, and return the phase-1 checkpoint for phase 2."""
    phase1 = root / "phase1.pth"
    for i, kind in enumerate(ways):
        folder = root / f"reference{i}"
        folder.mkdir()
        run(kind, folder, phase1)
        kind.reference = load_final(folder)
        if not phase1.exists():
            shutil.copy(latest_checkpoint(str(folder)), phase1)
    return phase1


def main() -> int:
    """Run the rounds and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200, help="kills")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    args = parser.parse_args()
    tally, ways, began = Tally(), kinds(), time.monotonic()
    waits = choose_waits(args.rounds, args.seed)
    next(waits)
    with tempfile.TemporaryDirectory() as root:
        root = Path(root)
        phase1 = make_references(ways, root)
        for i, kind in enumerate(cycle(ways)):
            kill_until_through(kind, root / f"run{i}", phase1, waits, tally)
            if tally.kills == args.rounds:
                break
    table = Table(show_header=False)
    for row in (
        ("kills", tally.kills),
        ("runs that got through", tally.finished),
        ("of these unlike the run left alone", len(tally.faults)),
        ("kills after which saved steps were gone", tally.lost),
        ("minutes", f"{(time.monotonic() - began) / 60:.1f}"),
    ):
        table.add_row(*map(str, row))
    Console().print(table, *tally.faults, sep="\n")
    return int(bool(tally.faults) or tally.lost > 0)


if __name__ == "__main__":
    sys.exit(main())
