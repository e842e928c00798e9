"""Train a model, as ``tools/train.py`` does."""

from mmengine.config import Config
from mmengine.runner import Runner

from lpt_mm.engine.optimizers.bfloat16_optim_wrapper import bfloat16_type
from lpt_mm.engine.processes import is_first_process
from lpt_mm.engine.start import (
    Start,
    check_run_folder,
    check_start,
    find_start,
    latest_checkpoint,
    newest_good_checkpoint,
)
from lpt_mm.engine.terminal_runner import build_runner
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable


def run_training(
    cfg: Config,
    resume: str | None = None,
    phase1: str | None = None,
    amp: bool = False,
) -> None:
    """Train; what cannot work is refused before anything is written.

    Args:
        cfg: The config, from ``load_config``; it is completed.
        resume: Checkpoint to go on from, ``'auto'`` for the latest of the work dir if
            there is one, None for a new run.
        phase1: Phase-1 checkpoint that phase 2 starts from, by default the latest of
            the config's ``phase1_work_dir``.
        amp: Whether to compute in bfloat16.

    Raises:
        OSError: If the checkpoint to start from does not exist, or the work dir has
            those of another run.
        UserError: If settings, data or weights do not fit.
        KeyboardInterrupt: If it is stopped by hand; says what is saved.
    """
    if cfg.get("train_cfg") is None:
        raise UserError(
            f"{printable(cfg.filename)} trains nothing: give it to tools/test.py, "
            "which needs no checkpoint of it"
        )
    if amp:
        cfg.optim_wrapper.type = bfloat16_type(cfg.optim_wrapper)
    if is_first_process():  # other machines may not have the checkpoint
        set_start(cfg, resume, phase1)
        check_start(cfg, training=True)
    runner = build_runner(cfg)
    try:
        _build_data(runner)
        runner.train()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_describe_stop(cfg.work_dir)) from None


def _build_data(runner: Runner) -> None:
    """Build the data sets, some of which tell what is wrong by a RuntimeError."""
    try:
        for loop in ("train_loop", "val_loop"):
            getattr(runner, loop)  # is built when it is first asked for
    except RuntimeError as error:
        raise UserError(str(error)) from error


def set_start(cfg: Config, resume: str | None, phase1: str | None) -> None:
    """Decide which weights training starts from; see :func:`run_training`."""
    phase1_work_dir = cfg.get("phase1_work_dir")
    if phase1 is not None and phase1_work_dir is None:
        raise UserError("--phase1 is for phase-2 configs, which set phase1_work_dir")
    start = Start(phase1 or cfg.get("load_from"), bool(cfg.get("resume")))
    if resume is not None:
        found = newest_good_checkpoint(cfg.work_dir) if resume == "auto" else resume
        start = Start(found or start.checkpoint, found is not None)
    start = find_start(start, cfg.work_dir, phase1_work_dir, cfg.filename)
    cfg.load_from, cfg.resume = start
    check_run_folder(cfg.work_dir, start)


def _describe_stop(work_dir: str) -> str:
    if not is_first_process():  # what is saved lies on the first machine
        return "stopped"
    saved = latest_checkpoint(work_dir)
    if saved is None:
        return "stopped before anything was saved"
    return f"stopped; {saved} is saved: go on with --resume"
