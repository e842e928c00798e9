"""What a run starts from: weights that fit, in a folder that no other run is in."""

import os
from logging import WARNING
from pathlib import Path
from typing import NamedTuple, TextIO

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from torch import nn

from lpt_mm.models.backbones import PromptedViT
from lpt_mm.utils.text import list_some
from lpt_mm.weights.checks import check_checkpoint
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.reading import read_file
from lpt_mm.weights.skeleton import build_skeleton
from lpt_mm.weights.sources import local_file
from lpt_mm.weights.weights import Weights

try:
    import fcntl
except ImportError:  # Windows, where nothing keeps two runs apart
    fcntl = None

NECK = "neck."
LOCK = ".running"
# Held by this process, by folder: a notebook may begin the next run after an error.
_locks: dict[Path, TextIO] = {}


class Start(NamedTuple):
    """A checkpoint, if any, and whether its run goes on or a new one begins."""

    checkpoint: str | None
    resume: bool


def find_start(
    start: Start,
    work_dir: str,
    phase1_work_dir: str | None = None,
    config: str | None = None,
) -> Start:
    """Decide which weights training starts from, where none are named.

    A run goes on from the newest good checkpoint of its folder, if there is one; else
    phase 2 starts from the end of phase 1. An error names the command for ``config``.
    """
    checkpoint, resume = start
    if resume and checkpoint is None:
        checkpoint = newest_good_checkpoint(work_dir)
        resume = checkpoint is not None
    if checkpoint is None and phase1_work_dir is not None:
        checkpoint = finished_phase1(phase1_work_dir, config)
    if checkpoint is not None:
        require_checkpoint(checkpoint)
    return Start(checkpoint, resume)


def latest_checkpoint(work_dir: str) -> str | None:
    """Find the checkpoint that a run recorded last, also after its folder moved."""
    record = Path(work_dir) / "last_checkpoint"
    if not record.is_file():
        return None
    recorded = Path(record.read_text().strip())
    places = (Path(work_dir) / recorded.name, recorded)  # moved, or saved elsewhere
    return next((str(place) for place in places if place.is_file()), None)


def newest_good_checkpoint(work_dir: str) -> str | None:
    """Find the checkpoint to resume a run from, and say so if it is not the latest."""
    latest = latest_checkpoint(work_dir)
    folder = Path(latest).parent if latest else Path(work_dir)
    recent = sorted(folder.glob("*.pth"), key=os.path.getmtime, reverse=True)
    reasons = []
    for candidate in dict.fromkeys(filter(None, [latest, *map(str, recent)])):
        try:
            if read_file(candidate).is_resumable:
                for reason in reasons:
                    print_log(f"{reason}; resuming from {candidate}", level=WARNING)
                return candidate
        except WeightFileError as error:
            reasons.append(str(error))
    if reasons:
        raise WeightFileError(f"no checkpoint in {work_dir} can be used: {reasons[0]}")
    return None


def finished_phase1(work_dir: str, config: str | None = None) -> str:
    """Find the last checkpoint of a phase-1 run that has come to its end.

    An error names its config, which is expected beside the ``config`` of phase 2.
    """
    checkpoint = latest_checkpoint(work_dir)
    name = f"{Path(work_dir).name}.py"
    phase1 = os.path.relpath(Path(config).with_name(name)) if config else name
    command = f"python tools/train.py {phase1}"
    if checkpoint is None:
        raise FileNotFoundError(
            f"phase 2 starts from phase 1, but {work_dir} has no checkpoint: first "
            f"run\n    {command}\n"
            "or name a phase-1 checkpoint with --phase1 (load_from)"
        )
    meta = read_file(checkpoint).meta
    planned = meta.get("run", {}).get("max_epochs")
    done = meta.get("epoch", planned)
    if isinstance(planned, int) and done < planned:
        raise WeightFileError(
            f"phase 1 in {work_dir} has done {done} of {planned} epochs: go on with "
            f"'{command} --resume', or name {checkpoint} with --phase1 (load_from), to "
            "start from it as it is"
        )
    return checkpoint


def require_checkpoint(checkpoint: str) -> None:
    """Refuse a file that does not exist; a URL is not checked."""
    if "://" not in checkpoint and not Path(checkpoint).is_file():
        raise FileNotFoundError(f"there is no checkpoint {checkpoint!r}")


def check_weights(model: nn.Module, start: Start, training: bool) -> Weights:
    """Refuse a checkpoint that a run cannot start from; the model may be a skeleton."""
    begins = training and not start.resume  # phase 2 with group prompts of its own
    new = NECK if begins else ""
    weights = check_checkpoint(model, start.checkpoint, new, start.resume)
    if begins and any(name.startswith(NECK) for name in weights.tensors):
        raise WeightFileError(
            f"{start.checkpoint} is of phase 2, which starts from phase 1: name a "
            "phase-1 checkpoint, or go on with this run with --resume"
        )
    return weights


def check_start(cfg: Config, training: bool) -> None:
    """Refuse weights that do not fit, early; a URL in ``load_from`` becomes a file."""
    init_default_scope(cfg.get("default_scope", "mmengine"))
    model = build_skeleton(cfg.model)
    backbone, trained = getattr(model, "backbone", None), None
    if cfg.load_from:
        cfg.load_from = local_file(cfg.load_from)
        start = Start(cfg.load_from, bool(cfg.get("resume")))
        weights = check_weights(model, start, training)
        if not weights.is_light:
            return
        trained = weights.identity
    if isinstance(backbone, PromptedViT):
        backbone.check_init(trained)


def check_classes_of(weights: Weights, class_names: tuple[str, ...] | None) -> None:
    """Refuse a checkpoint that was trained on other classes, or in another order."""
    trained = (weights.meta.get("dataset_meta") or {}).get("classes")
    if not trained or not class_names or tuple(trained) == tuple(class_names):
        return
    wrong = set(map(str, trained)) ^ set(class_names)
    raise WeightFileError(
        f"{weights.source} was trained on other classes than the training set has: "
        f"{list_some(wrong) if wrong else 'the same, in another order'}"
    )


def check_run_folder(folder: str, start: Start) -> None:
    """Refuse to begin a run where the checkpoints of another one are."""
    path = Path(folder)
    blocking = next((p for p in (path, *path.parents) if p.exists()), path)
    if blocking.exists() and not blocking.is_dir():
        raise NotADirectoryError(
            f"the work dir '{folder}' cannot be made: '{blocking}' is a file"
        )
    if start.resume and Path(start.checkpoint).parent.resolve() == path.resolve():
        return
    if others := sorted(path.glob("*.pth")):
        raise FileExistsError(
            f"'{folder}' has the checkpoints of another run ({others[-1].name}): go on "
            "with it with --resume, or begin in another folder with --work-dir"
        )


def lock_run_folder(folder: str) -> None:
    """Keep other processes from training in a folder until this one ends."""
    unlock_run_folder(folder)
    if fcntl is None:
        return
    lock = open(Path(folder) / LOCK, "w")  # noqa: SIM115 (kept open as long as the run)
    try:
        # Of this process alone: data loaders that outlive it do not have such a lock.
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise BlockingIOError(
            f"another run is at work in '{folder}': wait for it, or begin in another "
            "folder with --work-dir"
        ) from None
    _locks[Path(folder).resolve()] = lock


def unlock_run_folder(folder: str) -> None:
    """Let others train in a folder, if this process has kept them from it."""
    if lock := _locks.pop(Path(folder).resolve(), None):
        lock.close()
