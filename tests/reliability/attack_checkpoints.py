"""Give hostile checkpoints to every tool that takes one, and see what they do.

    python tests/reliability/attack_checkpoints.py --files 2000 --seed 0

torch loads each of them without running code, but what they say is made to do harm.
Each tool must do its work or end with one line; whatever a file says, nothing outside
the work dir may be written, removed or opened, no process started, no network reached,
and no text of the file run or parsed as code.
"""

import argparse
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from shutil import rmtree

import numpy as np
import torch
from harness import (
    GOOD,
    OTHER,
    OUTCOMES,
    RAN_CODE,
    REFUSED,
    RIGHT,
    Outcome,
    add_options,
    judge,
)
from hostile_files import Attacker
from rich.console import Console
from rich.progress import track
from rich.table import Table
from tool_runs import RUNS, make_originals, prepare
from watch import MARK, watch

SECONDS = 120.0
# What would move the cursor, or make lines that no program wrote.
CONTROLS = ("\x1b]", "\x1b[2J", f"\nINFO - {MARK}", "\u202e", "\0")


def try_tool(
    tool: Callable[[Path, Path], None], configs: Path, own: Path, path: str
) -> Outcome:
    """Run a tool in an empty folder, under watch."""
    own.mkdir()
    os.chdir(own)
    tempfile.tempdir = str(own)
    said, seen = own / "said", []
    output = os.open(said, os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    watch(own, seen.append)
    outcome = run_to_end(partial(tool, Path(path), configs))
    sys.stdout.flush()
    if seen:
        return f"{RAN_CODE}: {seen}"
    texts = (file.read_text(errors="replace") for file in (said, *own.rglob("*.log")))
    if any(control in text for text in texts for control in CONTROLS):
        return f"{OTHER}: control characters were printed"
    return outcome


def run_to_end(run: Callable[[], None]) -> Outcome:
    """Run a program, and judge its end."""
    try:
        run()
    except SystemExit as end:
        message = str(end.code or "")
        # Some errors name commands, each in a line of its own.
        lines = message.split("\n")
        if message.startswith("error: ") and all(map(str.isprintable, lines[:5])):
            return REFUSED
        return f"{OTHER}: ended with {message!r}" if message else RIGHT
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-3:]
        places = ", ".join(f"{Path(f.filename).name}:{f.lineno}" for f in last)
        line = f"{type(error).__name__}: {error}"
        return f"{OTHER}: {line[:300]!r} ({places})"
    return RIGHT


def checksum(folder: Path) -> str:
    """Sum up names, contents and times of all files."""
    digest = sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(f"{path} {path.stat().st_mtime_ns}\n".encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def main() -> int:
    """Attack, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args = add_options(parser).parse_args()
    torch.set_num_threads(1)  # threads do not survive a fork
    with tempfile.TemporaryDirectory() as folder:
        return attack_all(args, Path(folder).resolve())


def attack_all(args: argparse.Namespace, folder: Path) -> int:
    """Make the files one by one, and give each to all tools."""
    configs, originals, outside = (folder / n for n in ("configs", "good", "outside"))
    for path in (configs, originals, outside, folder / "files"):
        path.mkdir()
    prepare(configs)
    training = get_context("fork").Process(
        target=make_originals, args=(configs, originals)
    )
    training.start()
    training.join()
    names = sorted(originals.iterdir())
    (outside / f"{MARK}.pth").write_bytes(names[0].read_bytes())
    untouched, began = checksum(outside), time.monotonic()
    tally, odd = Counter(), []
    # The bar has no thread: forks would inherit its lock, and may wait for it.
    items = track(range(args.files), "hostile checkpoints", auto_refresh=False)
    for i in items:
        if i % 50 == 0 and not sys.stderr.isatty():
            sys.stderr.write(f"{i} of {args.files} files\n")
        original = names[i % len(names)]
        attacker = Attacker(outside, np.random.default_rng([args.seed, i]))
        file = folder / "files" / original.name
        file.write_bytes(attacker.attack(original))
        before = checksum(folder / "files")
        for name, tool in RUNS.items():
            own = folder / "run"
            outcome = judge(file, partial(try_tool, tool, configs, own), SECONDS)
            if (checksum(outside), checksum(folder / "files")) != (untouched, before):
                outcome = f"{RAN_CODE}: files outside were changed"
            rmtree(own, ignore_errors=True)
            kind = next(kind for kind in OUTCOMES if outcome.startswith(kind))
            tally[name, kind] += 1
            if kind not in GOOD:
                odd.append(f"file {i} ({file.name}), {name}: {outcome}")
                sys.stderr.write(f"{odd[-1]}\n")
    print_table(tally, args.files, (time.monotonic() - began) / 60)
    return int(bool(odd))


def print_table(tally: Counter, files: int, minutes: float) -> None:
    """Print what came of the runs, by tool."""
    kinds = [kind for kind in OUTCOMES if any(tally[name, kind] for name in RUNS)]
    title = f"{files} hostile checkpoints, {minutes:.0f} minutes"
    table = Table("", *kinds, title=title)
    for name in RUNS:
        table.add_row(name, *(str(tally[name, kind]) for kind in kinds))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
