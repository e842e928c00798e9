"""Damage checkpoints in many ways, and see what reading them does.

    python tests/reliability/mutate_checkpoints.py --files 2000 --seed 0

Each damaged file must give a clean error or the undamaged content, in bounded time and
memory, and no code in it may run.
"""

import argparse
import io
import os
import pickle
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from harness import (
    OTHER,
    RAN_CODE,
    REFUSED,
    RIGHT,
    WRONG,
    Outcome,
    add_options,
    count,
    mutate,
)

from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.model_file import FORMAT, write_model
from lpt_mm.weights.reading import read_file

TRAP = "code_ran"


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
    pack = dict(format=FORMAT, model=dict(type="LPTClassifier"), pipeline=[{}] * 4)
    content = write_model(tensors, meta | dict(pack=pack))
    files = {"model.safetensors": (content, tensors)}
    for name, content in (("run.pth", whole), ("bare.pth", tensors)):
        buffer = io.BytesIO()
        torch.save(content, buffer)
        files[name] = (buffer.getvalue(), tensors)
    return files


def make_attack(kind: str, target: str, content: dict) -> bytes:
    """Make a file that would run code if its pickle were loaded blindly."""
    if kind == "zip":
        buffer = io.BytesIO()
        torch.save(dict(state_dict=content, code=Spy(target)), buffer)
        return buffer.getvalue()
    return pickle.dumps(dict(state_dict=content, code=Spy(target)))


def main() -> int:
    """Damage, read, count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args = add_options(parser).parse_args()
    torch.set_num_threads(1)  # threads do not survive a fork
    originals = make_originals()
    names = list(originals)

    def write(i: int, folder: Path) -> Path:
        rng = np.random.default_rng([args.seed, i])
        content, tensors = originals[names[i % len(names)]]
        other, _ = originals[names[(i + 1) % len(names)]]
        is_attack = i % 10 == 9
        if is_attack:
            kind = ("zip", "pickle")[i // 10 % 2]
            content = make_attack(kind, str(folder / TRAP), tensors)
        if not is_attack or rng.random() < 0.5:
            content = mutate(content, other, rng)
        path = folder / f"{i}_{names[i % len(names)]}"
        path.write_bytes(content)
        return path

    def read(path: str) -> Outcome:
        try:
            tensors = read_file(path).tensors
        except WeightFileError as error:
            outcome = REFUSED if path in str(error) else f"{OTHER}: {error}"
        else:
            expected = originals[Path(path).name.partition("_")[2]][1]
            outcome = RIGHT if same(tensors, expected) else WRONG
        return RAN_CODE if (Path(path).parent / TRAP).exists() else outcome

    with tempfile.TemporaryDirectory() as folder:
        return count("damaged checkpoints", args, Path(folder), write, read)


def same(tensors: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> bool:
    """Compare bit for bit."""
    return tensors.keys() == expected.keys() and all(
        tensors[name].dtype == tensor.dtype and torch.equal(tensors[name], tensor)
        for name, tensor in expected.items()
    )


if __name__ == "__main__":
    sys.exit(main())
