"""From a command line to a runner: what the tools in ``tools/`` share."""

import argparse
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging import WARNING
from pathlib import Path

import torch
from mmengine.config import Config, DictAction
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from torch import distributed

from lpt_mm.models.backbones import PromptedViT
from lpt_mm.weights.checks import check_checkpoint
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.reading import read_file
from lpt_mm.weights.skeleton import build_skeleton
from lpt_mm.weights.sources import local_file

LAUNCHERS = ("none", "pytorch", "slurm", "mpi")


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of training and testing.

    Args:
        parser: The parser to add them to.
    """
    parser.add_argument("--work-dir", help="folder of logs and checkpoints")
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action=DictAction,
        help="config values to change, as key=value: randomness.seed=1",
    )
    parser.add_argument(
        "--launcher", choices=LAUNCHERS, default="none", help="how processes start"
    )
    # Older launchers pass the rank as an option instead of in the environment.
    parser.add_argument("--local_rank", "--local-rank", type=int, default=0)


@contextmanager
def one_line_errors(
    kinds: tuple[type[Exception], ...] = (OSError, WeightFileError),
) -> Iterator[None]:
    """End the program with one line where a traceback would tell the user nothing.

    Args:
        kinds: The errors whose message says all there is to say.

    Yields:
        Nothing.
    """
    try:
        yield
    except kinds as error:
        message = str(error)
        if "Original Traceback" in message:  # of a worker process; what matters is last
            message = message.splitlines()[-1]
        sys.exit(f"error: {message}")


def load_config(args: argparse.Namespace) -> Config:
    """Read the config and merge the common options into it.

    Args:
        args: The parsed options, with ``config``.

    Returns:
        The config, with a work dir.

    Raises:
        FileNotFoundError: If there is no such config.
    """
    if not Path(args.config).is_file():
        raise FileNotFoundError(f"there is no config {args.config!r}")
    cfg = Config.fromfile(args.config)
    cfg.launcher = args.launcher
    cfg.work_dir = args.work_dir or cfg.get("work_dir") or default_work_dir(args.config)
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    os.environ.setdefault("LOCAL_RANK", str(args.local_rank))
    if args.launcher != "none" and not torch.cuda.is_available():
        _use_cpu_processes(cfg)
    return cfg


def default_work_dir(config: str) -> str:
    """Name the folder of a config's runs.

    Args:
        config: Path of the config.

    Returns:
        ``work_dirs/<config name>``, relative to the current folder.
    """
    return str(Path("work_dirs") / Path(config).stem)


def _use_cpu_processes(cfg: Config) -> None:
    """Let several processes train on CPU, which mmengine's own set-up cannot."""
    slurm = dict(RANK="SLURM_PROCID", WORLD_SIZE="SLURM_NTASKS")
    mpi = dict(RANK="OMPI_COMM_WORLD_RANK", WORLD_SIZE="OMPI_COMM_WORLD_SIZE")
    names = dict(slurm=slurm, mpi=mpi).get(cfg.launcher, {})
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR"):
        given = names.get(name, name)
        if given not in os.environ:
            raise OSError(
                f"--launcher {cfg.launcher}: the environment has no {given}; start the "
                "processes with srun, mpirun or tools/dist_train.sh, and set "
                "MASTER_ADDR to the address of the first machine"
            )
        os.environ[name] = os.environ[given]
    os.environ.setdefault("MASTER_PORT", "29500")
    distributed.init_process_group("gloo")  # the runner keeps an existing group
    cfg.setdefault("model_wrapper_cfg", dict(type="MMDistributedDataParallel"))
    cfg.model_wrapper_cfg.update(device_ids=None, broadcast_buffers=False)


def close_processes() -> None:
    """Leave the process group, if there is one, all processes together.

    The caller must not hold the runner any more. A group that lives until the
    interpreter ends has threads that may then ask for an interpreter that is gone,
    which aborts the process.
    """
    if distributed.is_initialized():
        gc.collect()  # the runner and its parts refer to each other, and to the group
        distributed.barrier()
        distributed.destroy_process_group()


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


def set_start(cfg: Config, resume: str | None, phase1: str | None) -> None:
    """Decide which weights training starts from.

    Args:
        cfg: The config to complete; a phase-2 config has ``phase1_work_dir``.
        resume: Checkpoint to resume from, ``'auto'`` for the latest of the work dir if
            there is one, None for a new run.
        phase1: Phase-1 checkpoint to use instead of the latest of ``phase1_work_dir``.

    Raises:
        FileNotFoundError: If the checkpoint to start from does not exist.
        ValueError: If ``phase1`` is given with a config that has no phase 1.
    """
    work_dir = cfg.get("phase1_work_dir")
    if phase1 is not None and work_dir is None:
        raise ValueError("--phase1 is for phase-2 configs, which set phase1_work_dir")
    if resume is None and cfg.get("resume"):
        resume = cfg.get("load_from") or "auto"
    checkpoint = newest_good_checkpoint(cfg.work_dir) if resume == "auto" else resume
    cfg.resume = checkpoint is not None
    checkpoint = checkpoint or phase1 or cfg.get("load_from")
    if checkpoint is None and work_dir is not None:
        checkpoint = latest_checkpoint(work_dir)
        if checkpoint is None:
            raise FileNotFoundError(_how_to_train_phase1(cfg.filename, work_dir))
    cfg.load_from = checkpoint
    if checkpoint is not None:
        require_checkpoint(checkpoint)


def set_test(cfg: Config, checkpoint: str | None, split: str) -> None:
    """Decide which weights are tested, and on what.

    Args:
        cfg: The config to complete.
        checkpoint: Checkpoint to test; None for a model without training.
        split: ``'test'``, or ``'val'`` to test on the validation set.

    Raises:
        FileNotFoundError: If the checkpoint does not exist, or none is given and the
            config is for training.
        ValueError: If there is no validation set, or several processes are to test a
            model without training.
    """
    if checkpoint is not None:
        require_checkpoint(checkpoint)
    elif cfg.get("train_cfg") is not None:
        raise FileNotFoundError(
            "name the checkpoint to test: only a config without training "
            "(train_cfg=None) has none"
        )
    elif cfg.get("launcher", "none") != "none":
        raise ValueError(
            "without training there is nothing to share among processes: run "
            "tools/test.py without a launcher"
        )
    cfg.load_from, cfg.resume = checkpoint, False
    if split == "val":
        if cfg.get("val_dataloader") is None:
            raise ValueError("--split val: the config has no val_dataloader")
        cfg.test_dataloader = cfg.val_dataloader
        cfg.test_evaluator = cfg.val_evaluator


def check_start(cfg: Config, new: str) -> None:
    """Refuse weights that do not fit the model, before anything is written.

    Args:
        cfg: The config; a URL in ``load_from`` is replaced with its file. A backbone
            that is in the checkpoint is not initialised first.
        new: Prefix of the parameters that the checkpoint need not have; an empty string
            stands for none.

    Raises:
        WeightFileError: If the weights do not fit or cannot be read.
    """
    init_default_scope(cfg.get("default_scope", "mmengine"))
    model = build_skeleton(cfg.model)
    backbone = getattr(model, "backbone", None)
    trained = None
    if cfg.load_from:
        cfg.load_from = local_file(cfg.load_from)
        weights = check_checkpoint(model, cfg.load_from, new, cfg.get("resume", False))
        if not weights.is_light:
            cfg.model.get("backbone", {}).pop("init_cfg", None)
            return
        trained = weights.identity
    if isinstance(backbone, PromptedViT):
        backbone.check_init(trained)


def require_checkpoint(checkpoint: str) -> None:
    """Refuse a checkpoint that does not exist.

    Args:
        checkpoint: Path of a file, or a URL, which is not checked.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    if "://" not in checkpoint and not Path(checkpoint).is_file():
        raise FileNotFoundError(f"there is no checkpoint {checkpoint!r}")


def _how_to_train_phase1(config: str, work_dir: str) -> str:
    phase1_config = Path(config).with_name(f"{Path(work_dir).name}.py")
    return (
        f"phase 2 starts from phase 1, but {work_dir} has no checkpoint: first run\n"
        f"    python tools/train.py {os.path.relpath(phase1_config)}\n"
        "or name a phase-1 checkpoint with --phase1"
    )
