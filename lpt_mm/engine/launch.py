"""From a command line to a runner: what the tools in ``tools/`` share."""

import argparse
import os
from pathlib import Path

import torch
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope

from lpt_mm.engine.config_keys import check_keys
from lpt_mm.engine.processes import (
    is_first_process,
    meet_anew,
    use_cpu_processes,
)
from lpt_mm.engine.run_folder import check_run_folder
from lpt_mm.engine.start import (
    Start,
    check_weights,
    find_start,
    newest_good_checkpoint,
    require_checkpoint,
)
from lpt_mm.models.backbones import PromptedViT
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


def load_config(args: argparse.Namespace) -> Config:
    """Read the config and merge the common options into it.

    Args:
        args: The parsed options, with ``config``.

    Returns:
        The config, with a work dir.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If a setting is misspelt, or the seed out of range.
    """
    if not Path(args.config).is_file():
        raise FileNotFoundError(f"there is no config {args.config!r}")
    cfg = Config.fromfile(args.config)
    cfg.launcher = args.launcher
    cfg.work_dir = args.work_dir or cfg.get("work_dir") or default_work_dir(args.config)
    if args.cfg_options:
        cfg.merge_from_dict(args.cfg_options)
    check_keys(cfg)
    check_seed_range(cfg.get("randomness", {}).get("seed"))
    os.environ.setdefault("LOCAL_RANK", str(args.local_rank))
    meet_anew()
    if args.launcher != "none" and not torch.cuda.is_available():
        use_cpu_processes(cfg)
    return cfg


def check_seed_range(seed: int | None) -> None:
    """Refuse a seed that numpy does not take.

    Args:
        seed: Seed of the run; None for one that is drawn.

    Raises:
        ValueError: If it is out of range.
    """
    if seed is not None and not (isinstance(seed, int) and 0 <= seed < 2**32):
        raise ValueError(f"randomness.seed must be in 0 ... 2**32 - 1, got {seed!r}")


def set_amp(cfg: Config) -> None:
    """Let a training compute in bfloat16.

    Args:
        cfg: The config to change.

    Raises:
        ValueError: If it has an optimizer wrapper of another kind.
    """
    kind = cfg.optim_wrapper.get("type", "OptimWrapper")
    if kind not in ("OptimWrapper", "BFloat16OptimWrapper"):
        raise ValueError(f"--amp takes the place of an OptimWrapper, not of {kind}")
    cfg.optim_wrapper.type = "BFloat16OptimWrapper"


def default_work_dir(config: str) -> str:
    """Name the folder of a config's runs.

    Args:
        config: Path of the config.

    Returns:
        ``work_dirs/<config name>``, relative to the current folder.
    """
    return str(Path("work_dirs") / Path(config).stem)


def set_start(cfg: Config, resume: str | None, phase1: str | None) -> None:
    """Decide which weights training starts from, as the command line says.

    Args:
        cfg: The config to complete; a phase-2 config has ``phase1_work_dir``.
        resume: Checkpoint to resume from, ``'auto'`` for the latest of the work dir if
            there is one, None for a new run.
        phase1: Phase-1 checkpoint to use instead of the latest of ``phase1_work_dir``.

    Raises:
        OSError: If the checkpoint to start from does not exist, or the work dir has
            those of another run.
        ValueError: If ``phase1`` is given with a config that has no phase 1.
    """
    phase1_work_dir = cfg.get("phase1_work_dir")
    if phase1 is not None and phase1_work_dir is None:
        raise ValueError("--phase1 is for phase-2 configs, which set phase1_work_dir")
    start = Start(phase1 or cfg.get("load_from"), bool(cfg.get("resume")))
    if resume is not None:
        found = newest_good_checkpoint(cfg.work_dir) if resume == "auto" else resume
        start = Start(found or start.checkpoint, found is not None)
    start = find_start(start, cfg.work_dir, phase1_work_dir, cfg.filename)
    cfg.load_from, cfg.resume = start
    check_run_folder(cfg.work_dir, start)


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
        if is_first_process():  # other machines may not have it
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
