"""Run what a plan needs, each run once."""

import multiprocessing
import os
import runpy
import signal
import sys
import traceback
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from queue import Queue
from time import time

import torch
from filelock import FileLock

from lpt_mm.engine.start import latest_checkpoint
from lpt_mm.sweep.config_text import config_text
from lpt_mm.sweep.plan import Plan, Row
from lpt_mm.utils.new_file import replace_file
from lpt_mm.utils.progress import progress_bar
from lpt_mm.utils.text import printable

TOOLS = Path(__file__).resolve().parents[2] / "tools"
LOG = "log.txt"
LOCK = ".lock"
DONE = "seconds.txt"  # of a training that came to its end


class RunError(RuntimeError):
    """A run failed; its log says why."""


def run_plan(plan: Plan, root: Path, processes: int) -> list[str]:
    """Do the runs of a plan that are not done yet; interrupted ones go on.

    Args:
        plan: The plan.
        root: Folder of all runs; each has its own below.
        processes: How many runs to do at a time.

    Returns:
        What failed, one message each; the other runs are done.
    """
    cores = len(os.sched_getaffinity(0))
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, cores // processes)))
    # Each tool runs in a process of its own that has everything imported already.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["lpt_mm", "lpt_mm.engine.launch"])
    slots: Queue[int] = Queue()
    for slot in range(processes):
        slots.put(slot)
    jobs = {
        row.folder(root, seed): (row, seed) for seed in plan.seeds for row in plan.rows
    }
    futures: dict[Path, Future] = {}

    def work(folder: Path, row: Row, seed: int) -> None:
        start = row.phase1.folder(root, seed) if row.phase1 else None
        if start is not None:
            futures[start].result()  # was begun before this one
        if (folder / f"{plan.split}.json").is_file():
            return
        slot = slots.get()
        try:
            _train_and_test(context, row, seed, folder, start, plan.split, slot)
        finally:
            slots.put(slot)

    failures = []
    with progress_bar() as progress:
        task = progress.add_task(printable(plan.name), total=len(jobs))
        with ThreadPoolExecutor(processes) as pool:
            for folder, (row, seed) in jobs.items():
                futures[folder] = pool.submit(work, folder, row, seed)
                futures[folder].add_done_callback(lambda _: progress.advance(task))
            try:
                for folder, (row, seed) in jobs.items():
                    if (error := futures[folder].exception()) is not None:
                        message = f"{row.name}, seed {seed}: {error}"
                        failures.append(printable(message))
            except KeyboardInterrupt:
                pool.shutdown(cancel_futures=True)
                raise
    return failures


def _train_and_test(
    context: multiprocessing.context.BaseContext,
    row: Row,
    seed: int,
    folder: Path,
    start: Path | None,
    split: str,
    slot: int,
) -> None:
    """Run the tools, as by hand, with a config that holds all settings."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / f"{Path(row.config).stem}.py"
    settings = dict(row.settings)
    settings["randomness"] = {**settings.get("randomness", {}), "seed": seed}
    replace_file(config, config_text(settings).encode())
    common = [str(config), "--work-dir", str(folder)]
    checkpoint = []
    if settings.get("train_cfg") is not None:
        if not (folder / DONE).exists():
            phase1 = ["--phase1", latest_checkpoint(str(start))] if start else []
            began = time()
            arguments = [*common, "--resume", *phase1]
            _run_tool(context, "train.py", arguments, folder, slot)
            replace_file(folder / DONE, f"{time() - began:.1f}\n".encode())
        checkpoint = [result_checkpoint(folder)]
    arguments = [common[0], *checkpoint, *common[1:], "--split", split]
    out = folder / f"{split}.json"
    arguments += ["--out", str(out)]
    _run_tool(context, "test.py", arguments, folder, slot, out)


def result_checkpoint(folder: Path) -> str:
    """Find what a run is judged by.

    Args:
        folder: Work dir of the run.

    Returns:
        The checkpoint that is best on the validation set, if the config saves it
        (``save_best``), else the last one.
    """
    best = sorted(folder.glob("best_*.pth"))
    return str(best[0]) if best else latest_checkpoint(str(folder))


def _run_tool(
    context: multiprocessing.context.BaseContext,
    tool: str,
    arguments: Sequence[str],
    folder: Path,
    slot: int,
    out: Path | None = None,
) -> None:
    process = context.Process(
        target=_run_script, args=(tool, arguments, folder, slot, out)
    )
    process.start()
    process.join()
    if process.exitcode != 0:
        log = folder / LOG
        raise RunError(f"{tool} failed: {_reason(process.exitcode, log)}; see {log}")


def _reason(exitcode: int, log: Path) -> str:
    """Say in one line why a process failed."""
    if exitcode < 0:
        return f"it was ended by {signal.Signals(-exitcode).name}"
    lines = log.read_text("utf-8", "replace").split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "it says nothing")
    return last.strip().removeprefix("error: ")


def _run_script(
    tool: str, arguments: Sequence[str], folder: Path, slot: int, out: Path | None
) -> None:
    """Run a tool as from the command line; its output goes to the log.

    Nothing is done if the file ``out`` is there by the time the folder is free.
    """
    if (gpus := torch.cuda.device_count()) > 1:
        given = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(
            map(str, range(gpus))
        )
        os.environ["CUDA_VISIBLE_DEVICES"] = given.split(",")[slot % gpus]
    sys.argv = [str(TOOLS / tool), *arguments]
    with (
        FileLock(folder / LOCK),  # another sweep may be at work on the same run
        open(folder / LOG, "a", encoding="utf-8", errors="backslashreplace") as log,
        redirect_stdout(log),
        redirect_stderr(log),
    ):
        if out is not None and out.exists():
            return
        try:
            runpy.run_path(sys.argv[0], run_name="__main__")
        except SystemExit as end:
            if isinstance(end.code, str):  # the message, else printed after the log
                log.write(end.code + "\n")
                sys.exit(1)
            raise
        except BaseException:  # else its traceback is printed after the log, too
            traceback.print_exc(file=log)
            sys.exit(1)
