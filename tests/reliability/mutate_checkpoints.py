"""Damage checkpoints in many ways, and see what reading them does.

    python tests/reliability/mutate_checkpoints.py --files 2000 --seed 0

Each damaged file must give a clean error or the undamaged content, in bounded time and
memory, and no code in it may run.
"""

import argparse
import io
import os
import pickle
import resource
import sys
import tempfile
import time
from collections import Counter
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.model_file import write_model
from lpt_mm.weights.reading import read_file

SECONDS = 20.0
MEMORY = 2**30  # bytes that reading a file of some kilobytes may take at most
RIGHT, REFUSED, WRONG, CRASHED, HUNG, RAN_CODE, OTHER = OUTCOMES = (
    "right content",
    "clean error",
    "wrong content",
    "crash",
    "hang",
    "code run",
    "another error",
)
GOOD = (RIGHT, REFUSED)


class Spy:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return os.mkdir, (self.path,)


def make_originals() -> dict[str, tuple[bytes, dict]]:
    """Make undamaged files of every format, with their tensors."""
    generator = torch.Generator().manual_seed(0)
    tensors = {
        "backbone.shared_prompts": torch.randn(4, 2, 16, generator=generator),
        "neck.prompt_keys": torch.randn(5, 16, generator=generator),
        "neck.group_prompts": torch.randn(5, 2, 2, 16, generator=generator),
        "head.weight": torch.randn(16, 7, generator=generator),
        "backbone.identity": torch.arange(40, dtype=torch.uint8),
    }
    meta = dict(epoch=3, cls_num_list=[9, 8, 7, 3, 2, 1, 1], dataset_meta={})
    optimizer = dict(state={0: dict(momentum_buffer=tensors["head.weight"] / 3)})
    whole = dict(meta=meta, state_dict=tensors, optimizer=optimizer)
    files = {"model.safetensors": (write_model(tensors, meta), tensors)}
    for name, content in (("run.pth", whole), ("bare.pth", tensors)):
        buffer = io.BytesIO()
        torch.save(content, buffer)
        files[name] = (buffer.getvalue(), tensors)
    return files


def mutate(content: bytes, other: bytes, rng: np.random.Generator) -> bytes:
    """Damage a file in one of many ways, once or several times."""
    data = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 5, 30])):
        at, length = int(rng.integers(len(data))), int(2 ** rng.uniform(0, 10))
        match rng.integers(8):
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
        data = data or bytearray(b"\0")
    return bytes(data)


def make_attack(kind: str, target: str, content: dict) -> bytes:
    """Make a file that would run code if its pickle were loaded blindly."""
    if kind == "zip":
        buffer = io.BytesIO()
        torch.save(dict(state_dict=content, code=Spy(target)), buffer)
        return buffer.getvalue()
    return pickle.dumps(dict(state_dict=content, code=Spy(target)))


def read(path: str, original: dict, outcome: object) -> None:
    """Read a file in a process of its own and report."""
    limit = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    try:
        weights = read_file(path)
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - limit
        same = weights.tensors.keys() == original.keys() and all(
            weights.tensors[k].dtype == v.dtype and torch.equal(weights.tensors[k], v)
            for k, v in original.items()
        )
        outcome.put(OTHER if used > MEMORY else RIGHT if same else WRONG)
    except WeightFileError as error:
        outcome.put(REFUSED if path in str(error) else f"{OTHER}: {error}")
    except BaseException as error:
        outcome.put(f"{OTHER}: {type(error).__name__}: {error}")


def judge(path: Path, original: dict, trap: Path) -> str:
    """Read a file, with a limit of time."""
    context = get_context("fork")
    outcome = context.SimpleQueue()
    process = context.Process(target=read, args=(str(path), original, outcome))
    process.start()
    process.join(SECONDS)
    if process.is_alive():
        process.kill()
        process.join()
        return HUNG
    if trap.exists():
        return RAN_CODE
    return CRASHED if outcome.empty() else outcome.get()


def main() -> int:
    """Damage, read, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)  # threads do not survive the forks
    originals, tally, odd = make_originals(), Counter(), []
    names, began = list(originals), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        trap = Path(folder) / "code_ran"
        for i in track(range(args.files), description="damaged checkpoints"):
            rng = np.random.default_rng([args.seed, i])
            name = names[i % len(names)]
            content, tensors = originals[name]
            if i % 10 == 9:  # one in ten is an attack, and some of these are damaged
                content = make_attack(
                    ("zip", "pickle")[i // 10 % 2], str(trap), tensors
                )
            if i % 10 != 9 or rng.random() < 0.5:
                content = mutate(
                    content, originals[names[(i + 1) % len(names)]][0], rng
                )
            path = Path(folder) / f"{i}_{name}"
            path.write_bytes(content)
            result = judge(path, tensors, trap)
            path.unlink()
            kind = next(kind for kind in OUTCOMES if result.startswith(kind))
            tally[kind] += 1
            if kind not in GOOD:
                odd.append(f"file {i} of seed {args.seed}: {result}")
    table = Table(show_header=False)
    for kind in OUTCOMES:
        table.add_row(kind, str(tally[kind]))
    table.add_row("minutes", f"{(time.monotonic() - began) / 60:.1f}")
    Console().print(table, *odd[:20], sep="\n")
    return int(bool(odd))


if __name__ == "__main__":
    sys.exit(main())
