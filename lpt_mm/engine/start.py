"""Which weights a run starts from."""

import os
from logging import WARNING
from pathlib import Path
from typing import NamedTuple

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

NECK = "neck."


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
    """Decide which weights training starts from.

    Args:
        start: ``load_from`` and ``resume`` of the config: without a checkpoint, a run
            goes on from the newest good one of the work dir if there is one.
        work_dir: Folder of the run.
        phase1_work_dir: Folder of the phase-1 run that phase 2 starts from, if no
            checkpoint is named.
        config: Path of the config, for the command in an error.

    Returns:
        The checkpoint to load.

    Raises:
        FileNotFoundError: If the checkpoint does not exist, or phase 1 has none.
        WeightFileError: If no checkpoint of the run can be used, or phase 1 has not
            come to its end.
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
    """Find the checkpoint that a run recorded last, also after its folder moved.

    Args:
        work_dir: Folder of the run.

    Returns:
        Path of the checkpoint, or None if there is none.
    """
    record = Path(work_dir) / "last_checkpoint"
    if not record.is_file():
        return None
    recorded = Path(record.read_text().strip())
    places = (Path(work_dir) / recorded.name, recorded)  # moved, or saved elsewhere
    return next((str(place) for place in places if place.is_file()), None)


def newest_good_checkpoint(work_dir: str) -> str | None:
    """Find the checkpoint to resume a run from, and say so if it is not the latest.

    Args:
        work_dir: Folder of the run.

    Returns:
        Path of the checkpoint; None if nothing was saved yet.

    Raises:
        WeightFileError: If there are checkpoints, but none can be used.
    """
    latest = latest_checkpoint(work_dir)
    folder = Path(latest).parent if latest else Path(work_dir)
    others = sorted(folder.glob("*.pth"), key=os.path.getmtime, reverse=True)
    candidates = [latest] if latest else []
    candidates += [str(path) for path in others if str(path) != latest]
    reasons = []
    for candidate in candidates:
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

    Args:
        work_dir: Folder of the run.
        config: Path of the phase-2 config, for the command in an error.

    Returns:
        Path of the checkpoint.

    Raises:
        FileNotFoundError: If there is none.
        WeightFileError: If it cannot be read, or the run has not come to its end.
    """
    checkpoint = latest_checkpoint(work_dir)
    command = "python tools/train.py " + _phase1_config(config, work_dir)
    if checkpoint is None:
        raise FileNotFoundError(
            f"phase 2 starts from phase 1, but {work_dir} has no checkpoint: first "
            f"run\n    {command}\n"
            "or name a phase-1 checkpoint with --phase1 (load_from)"
        )
    meta = read_file(checkpoint).meta
    done, planned = meta.get("epoch"), _facts(meta, "run").get("max_epochs")
    if isinstance(done, int) and isinstance(planned, int) and done < planned:
        raise WeightFileError(
            f"phase 1 in {work_dir} has done {done} of {planned} epochs: go on with "
            f"'{command} --resume', or name {checkpoint} with --phase1 (load_from), to "
            "start from it as it is"
        )
    return checkpoint


def _phase1_config(config: str | None, work_dir: str) -> str:
    name = f"{Path(work_dir).name}.py"
    return os.path.relpath(Path(config).with_name(name)) if config else name


def _facts(meta: dict, key: str) -> dict:
    facts = meta.get(key)
    return facts if isinstance(facts, dict) else {}


def require_checkpoint(checkpoint: str) -> None:
    """Refuse a checkpoint that does not exist.

    Args:
        checkpoint: Path of a file, or a URL, which is not checked.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    if "://" not in checkpoint and not Path(checkpoint).is_file():
        raise FileNotFoundError(f"there is no checkpoint {checkpoint!r}")


def check_weights(model: nn.Module, start: Start, training: bool) -> Weights:
    """Refuse a checkpoint that a run cannot start from.

    Args:
        model: The model that is to load it; it may lie on the device ``meta``.
        start: The checkpoint.
        training: Whether the model is to be trained, and not only tested: group prompts
            may then be new.

    Returns:
        What the checkpoint holds.

    Raises:
        WeightFileError: If it cannot be read, does not fit the model, or is of phase 2
            where phase 1 is needed.
    """
    begins = training and not start.resume
    new = NECK if begins else ""
    weights = check_checkpoint(model, start.checkpoint, new, start.resume)
    if begins and any(name.startswith(NECK) for name in weights.tensors):
        raise WeightFileError(
            f"{start.checkpoint} is of phase 2, which starts from phase 1: name a "
            "phase-1 checkpoint, or go on with this run with --resume"
        )
    return weights


def check_start(cfg: Config, training: bool) -> None:
    """Refuse weights that do not fit the model, before anything is written.

    Args:
        cfg: The config; a URL in ``load_from`` is replaced with its file.
        training: Whether the model is to be trained, and not only tested.

    Raises:
        WeightFileError: If the weights do not fit or cannot be read.
    """
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
    """Refuse a checkpoint that was trained on other classes, or in another order.

    Args:
        weights: What the checkpoint holds.
        class_names: Names of the training set's classes, if it has any.

    Raises:
        WeightFileError: If both have names and these differ.
    """
    trained = _facts(weights.meta, "dataset_meta").get("classes")
    if not trained or not class_names or tuple(trained) == tuple(class_names):
        return
    wrong = set(map(str, trained)) ^ set(class_names)
    raise WeightFileError(
        f"{weights.source} was trained on other classes than the training set has: "
        f"{list_some(wrong) if wrong else 'the same, in another order'}"
    )
