"""What the scripts that damage files share."""

import argparse
import resource
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

SECONDS = 20.0
MEMORY = 2**30  # bytes that reading one damaged file may take at most
RIGHT, REFUSED, WRONG, CRASHED, HUNG, MEMORY_GONE, RAN_CODE, OTHER = OUTCOMES = (
    "right content",
    "clean error",
    "wrong content",
    "crash",
    "hang",
    "too much memory",
    "code run",
    "another error",
)
GOOD = (RIGHT, REFUSED)
Outcome = str


def add_options(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Declare how many files, and the seed of their damage."""
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    return parser


def mutate(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file in one of many ways, once or several times."""
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 5, 30])):
        at, length = int(rng.integers(len(data))), int(2 ** rng.uniform(0, 10))
        match rng.integers(9):
            case 0:
                data[at] ^= 1 << int(rng.integers(8))
            case 1:
                data[at] = int(rng.integers(256))
            case 2:
                data[at : at + length] = rng.bytes(min(length, len(data) - at))
            case 3:
                data[at : at + length] = bytes(min(length, len(data) - at))
            case 4:
                del data[at : at + length]
            case 5:
                data[at:at] = data[at : at + length]
            case 6:
                data[at:] = b""
            case 7:
                data[at:] = other[at:]
            case 8:  # sizes stand near the beginning
                at = int(rng.integers(min(len(data), 64)))
                data[at : at + 4] = b"\xff\xff\xff\x7f"
        data = data or bytearray(b"\0")
    return bytes(data)


def judge(
    path: Path, read: Callable[[str], Outcome], seconds: float = SECONDS
) -> Outcome:
    """Read a file in a process of its own, with limits of time and memory."""
    context = get_context("fork")
    answer = context.SimpleQueue()

    def report() -> None:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            outcome = read(str(path))
        except BaseException as error:
            outcome = f"{OTHER}: {type(error).__name__}: {error}"
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        answer.put(MEMORY_GONE if used * 1024 > MEMORY else outcome)

    process = context.Process(target=report)
    process.start()
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
        return HUNG
    return CRASHED if answer.empty() else answer.get()


def count(
    title: str,
    args: argparse.Namespace,
    folder: Path,
    write: Callable[[int, Path], Path],
    read: Callable[[str], Outcome],
) -> int:
    """Write and read all files, print what came of them, and return an exit status."""
    tally, odd, began = Counter(), [], time.monotonic()
    # The bar has no thread: forks would inherit its lock, and may wait for it.
    items = track(range(args.files), title, auto_refresh=False)
    for i in items:
        path = write(i, folder)
        outcome = judge(path, read)
        path.unlink()
        kind = next(kind for kind in OUTCOMES if outcome.startswith(kind))
        tally[kind] += 1
        if kind not in GOOD:
            odd.append(f"file {i} of seed {args.seed}: {outcome}")
    table = Table(show_header=False, title=title)
    for kind in OUTCOMES:
        table.add_row(kind, str(tally[kind]))
    table.add_row("minutes", f"{(time.monotonic() - began) / 60:.1f}")
    Console().print(table, *odd[:20], sep="\n")
    return int(bool(odd))
