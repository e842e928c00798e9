"""What many tasks on one backbone cost, beside a model of its own for each."""

import gc
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS
from torch import nn

from lpt_mm.cost.machine import find_device
from lpt_mm.cost.resources import time_in_turns
from lpt_mm.inference.packing import make_pack
from lpt_mm.inference.tasks import Tasks
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.identity import leave_out_backbone


def measure_tasks(
    cfg: Config, number: int, batch_size: int, repeats: int
) -> dict[str, float]:
    """Measure tasks of one phase 1 on one random backbone.

    Args:
        cfg: Config of a frozen classifier; no pre-trained weights are fetched.
        number: How many tasks.
        batch_size: Images of a batch.
        repeats: Timed runs, after two that are not timed: all tasks together, and each
            alone, in turns.

    Returns:
        ``tensor_bytes_of_one`` and ``tensor_bytes`` of all, without counting any memory
        twice; ``resident_bytes_of_one`` and ``resident_bytes``, how much a process
        grows by them on a CPU; medians of ``seconds_to_add`` a task, of
        ``images_per_second`` that go through all tasks together, and of those that go
        through one after the other, ``images_per_second_alone``.

    Raises:
        UserError: If there are not several tasks, or the backbone is not frozen.
    """
    if number < 2:
        raise UserError(f"there must be 2 tasks at least, got {number}")
    with TemporaryDirectory() as folder:
        backbone, packs = _write_packs(cfg, number, Path(folder))
        # Memory that was freed before would be taken again: so a new process.
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            resident = pool.submit(_measure_growth, packs, backbone).result()
        device = find_device()
        tasks = Tasks(packs[:1], backbone, str(device))
        one = tensor_bytes(_models(tasks))
        seconds = [_time_to_add(tasks, pack) for pack in packs[1:]]
    numbers = dict(
        tensor_bytes_of_one=one,
        tensor_bytes=tensor_bytes(_models(tasks)),
        resident_bytes_of_one=resident[0],
        resident_bytes=resident[1],
        seconds_to_add=median(seconds),
    )
    shape = (batch_size, *tasks[next(iter(tasks))].model.backbone.img_size, 3)
    images = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    functions = dict(
        together=lambda: tasks(images, batch_size),
        alone=lambda: [predict(images, batch_size) for predict in tasks.values()],
    )
    times = time_in_turns(functions, repeats, device)
    return numbers | dict(
        images_per_second=batch_size / median(times["together"]),
        images_per_second_alone=batch_size / median(times["alone"]),
    )


def tensor_bytes(models: Iterable[nn.Module]) -> int:
    """Count the memory of parameters and buffers, what they share once.

    Args:
        models: The models.

    Returns:
        The number of bytes.
    """
    tensors = [x for model in models for x in (*model.parameters(), *model.buffers())]
    storages = {x.untyped_storage().data_ptr(): x.untyped_storage() for x in tensors}
    return sum(storage.nbytes() for storage in storages.values())


def _models(tasks: Tasks) -> list[nn.Module]:
    return [predictor.model for predictor in tasks.values()]


def _time_to_add(tasks: Tasks, pack: Path) -> float:
    start = time.perf_counter()
    tasks.add(pack)
    return time.perf_counter() - start


def _measure_growth(packs: list[Path], backbone: str) -> tuple[int, int]:
    """Load tasks, and say how much memory the first one took, and all of them."""
    before = _resident_bytes()
    tasks = Tasks(packs[:1], backbone, "cpu")
    one = _resident_bytes() - before
    for pack in packs[1:]:
        tasks.add(pack)
    return one, _resident_bytes() - before


def _resident_bytes() -> int:
    """Read how much memory the process has, on Linux; 0 elsewhere."""
    gc.collect()  # models refer to themselves
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    sizes = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return 1024 * int(sizes[0]) if sizes else 0


def _write_packs(cfg: Config, number: int, folder: Path) -> tuple[str, list[Path]]:
    """Write the file of a random backbone, and packs that differ in necks and heads."""
    torch.manual_seed(0)
    config = Config(cfg.to_dict()).model
    config.backbone.pop("init_cfg", None)
    with DefaultScope.overwrite_default_scope("mmpretrain"):
        model = MODELS.build(config)
    if not getattr(model.backbone, "frozen", False):
        raise UserError("tasks share a frozen backbone, and the config trains its own")
    backbone, checkpoint = folder / "backbone.pth", folder / "checkpoint.pth"
    torch.save(model.backbone.frozen_state(), backbone)
    identity, packs = model.backbone.identity, []
    for i in range(number):
        for name, parameter in model.named_parameters():
            if not name.startswith("backbone."):
                nn.init.normal_(parameter)
        state = leave_out_backbone(model.state_dict(), identity)
        torch.save(dict(state_dict=state, meta={}), checkpoint)
        packs.append(folder / f"task_{i}.safetensors")
        make_pack(cfg, checkpoint).save(packs[-1])
    return str(backbone), packs
