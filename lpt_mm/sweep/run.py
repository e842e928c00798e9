"""Run what a plan needs, each run once."""

import gc
import math
import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from multiprocessing.context import BaseContext
from pathlib import Path
from queue import Queue
from time import time

import torch
from filelock import FileLock
from rich.progress import Progress

from lpt_mm.engine.command_line import describe_error
from lpt_mm.engine.run_config import load_config
from lpt_mm.engine.start import latest_checkpoint
from lpt_mm.engine.testing import run_test
from lpt_mm.engine.training import run_training
from lpt_mm.evaluation.predictions import predictions_beside
from lpt_mm.sweep.cost import DONE, RESUMED
from lpt_mm.sweep.plan import Plan
from lpt_mm.sweep.row import Repeat, Row
from lpt_mm.utils.cores import num_cores
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import replace_file
from lpt_mm.utils.progress import progress_bar
from lpt_mm.utils.text import printable

LOG = "log.txt"
LOCK = ".lock"


class RunError(RuntimeError):
    """A run failed; its log says why."""


def run_plan(plan: Plan, root: Path, processes: int) -> list[str]:
    """Do the runs that are not done yet, so many at a time; interrupted ones go on.

    Each has its folder below ``root``. Returns what failed, one message each.
    """
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, num_cores() // processes)))
    failures = []
    with progress_bar() as progress, ThreadPoolExecutor(processes) as pool:
        jobs = _Jobs(plan, root, processes, progress)
        for folder in jobs.runs:
            jobs.futures[folder] = pool.submit(jobs.do, folder)
        try:
            for folder, (row, repeat) in jobs.runs.items():
                if (error := jobs.futures[folder].exception()) is not None:
                    failures.append(printable(f"{row.name}, {repeat}: {error}"))
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
            raise
    return failures


class _Jobs:
    """The runs of a plan by folder; those at work are named beside the bar."""

    def __init__(
        self, plan: Plan, root: Path, processes: int, progress: Progress
    ) -> None:
        self.plan, self.root, self.progress = plan, root, progress
        self.runs = {
            row.folder(root, repeat): (row, repeat)
            for repeat in plan.repeats
            for row in plan.rows
        }
        self.futures: dict[Path, Future] = {}
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["lpt_mm.sweep.run"])
        self.slots: Queue[int] = Queue()
        for slot in range(processes):
            self.slots.put(slot)
        self.at_work: list[str] = []
        self.task = progress.add_task(printable(plan.name), total=len(self.runs))

    def do(self, folder: Path) -> None:
        row, repeat = self.runs[folder]
        try:
            if row.needs is not None:  # was begun before this one
                self.futures[row.needs.folder(self.root, repeat)].result()
            report = folder / f"{self.plan.split}.json"
            if not report.is_file():
                with self._slot(f"{row.name}, {repeat}") as slot:
                    self._train_and_test(row, repeat, report, slot)
        finally:
            self.progress.advance(self.task)

    def _train_and_test(
        self, row: Row, repeat: Repeat, report: Path, slot: int
    ) -> None:
        """Train and test, as by hand, with a config that holds all settings."""
        folder = report.parent
        folder.mkdir(parents=True, exist_ok=True)
        config = row.config_copy(self.root, repeat)
        replace_file(config, config_text(row.settings_of(repeat)).encode())
        phase1 = checkpoint = None
        process = (self.context, slot, folder)
        if row.trains and not (folder / DONE).exists():
            if row.phase1 is not None:
                phase1 = latest_checkpoint(str(row.phase1.folder(self.root, repeat)))
            _run(*process, _train, config, phase1)
        if row.source.trains:
            checkpoint = result_checkpoint(row.source.folder(self.root, repeat))
        _run(*process, _test, config, checkpoint, self.plan.split, report)

    @contextmanager
    def _slot(self, name: str) -> Iterator[int]:
        slot = self.slots.get()
        self.at_work.append(name)
        self._show()
        try:
            yield slot
        finally:
            self.at_work.remove(name)
            self._show()
            self.slots.put(slot)

    def _show(self) -> None:
        text = printable("; ".join(self.at_work) or self.plan.name)
        self.progress.update(self.task, description=text)


def config_text(settings: Mapping[str, object]) -> str:
    """Write config values of Python's own types as a Python file."""
    return "".join(f"{key} = {_literal(value)}\n" for key, value in settings.items())


def _literal(value: object) -> str:
    """Do as ``repr``, but for infinity and NaN, whose ``repr`` is no Python."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float({str(value)!r})"
    if isinstance(value, dict):
        pairs = (f"{_literal(k)}: {_literal(v)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, tuple):
        return f"({''.join(f'{_literal(item)}, ' for item in value)})"
    return repr(value)


def _train(config: Path, phase1: str | None) -> None:
    folder = config.parent
    if (folder / DONE).exists():  # another sweep was quicker
        return
    resumed, began = (folder / "last_checkpoint").exists(), time()
    cfg = load_config(str(config), work_dir=str(folder))
    run_training(cfg, resume="auto", phase1=phase1)
    seconds = RESUMED if resumed else f"{time() - began:.1f}"
    replace_file(folder / DONE, f"{seconds}\n".encode())


def _test(config: Path, checkpoint: str | None, split: str, report: Path) -> None:
    if not report.exists():  # another sweep may have been quicker
        predictions = predictions_beside(report)
        predictions.unlink(missing_ok=True)  # of a test killed before its report
        cfg = load_config(str(config), work_dir=str(config.parent))
        run_test(cfg, checkpoint, split, out=str(report), predictions=str(predictions))


def result_checkpoint(folder: Path) -> str:
    """Find what a run is judged by: its best checkpoint, if saved, else the last."""
    best = sorted(folder.glob("best_*.pth"))
    return str(best[0]) if best else latest_checkpoint(str(folder))


def _run(
    context: BaseContext, slot: int, folder: Path, work: Callable, *arguments: object
) -> None:
    """Do some work in a process of its own, which has everything imported already."""
    process = context.Process(target=_work, args=(slot, folder, work, arguments))
    process.start()
    process.join()
    log, code = folder / LOG, process.exitcode
    if code < 0:
        raise RunError(f"it was ended by {signal.Signals(-code).name}; see {log}")
    if code > 0:
        lines = [x for x in log.read_text("utf-8", "replace").split("\n") if x.strip()]
        last = lines[-1].strip() if lines else "it says nothing"
        raise RunError(f"{last.removeprefix('error: ')}; see {log}")


def _work(slot: int, folder: Path, work: Callable, arguments: Sequence) -> None:
    """Do some work; its output goes to the log."""
    if (gpus := torch.cuda.device_count()) > 1:
        every = ",".join(map(str, range(gpus)))
        given = os.environ.get("CUDA_VISIBLE_DEVICES") or every
        os.environ["CUDA_VISIBLE_DEVICES"] = given.split(",")[slot % gpus]
    with (
        FileLock(folder / LOCK),  # another sweep may be at work on the same run
        open(folder / LOG, "a", encoding="utf-8", errors="backslashreplace") as log,
        redirect_stdout(log),
        redirect_stderr(log),
    ):
        gc.freeze()  # as in run_tool
        try:
            work(*arguments)
        except (OSError, UserError) as error:
            log.write(f"error: {describe_error(error)}\n")
            sys.exit(1)
        except Exception:  # else its traceback is printed after the log
            traceback.print_exc(file=log)
            sys.exit(1)
        finally:
            gc.unfreeze()
