"""Train a model: ``python tools/train.py configs/lpt/phase1_digits_lt.py``."""

import argparse

from mmengine.config import Config
from mmengine.runner import Runner

from lpt_mm.engine.endings import one_line_errors, stopped_by_hand
from lpt_mm.engine.launch import (
    add_common_arguments,
    check_start,
    load_config,
    set_amp,
    set_start,
)
from lpt_mm.engine.processes import close_processes, is_first_process
from lpt_mm.models.classifiers import NonFiniteLossError

ERRORS = (OSError, ValueError, NonFiniteLossError)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="config file")
    parser.add_argument(
        "--resume",
        nargs="?",
        const="auto",
        metavar="CHECKPOINT",
        help="go on from a checkpoint, by default the latest of the work dir",
    )
    parser.add_argument("--amp", action="store_true", help="compute in bfloat16")
    parser.add_argument(
        "--phase1",
        metavar="CHECKPOINT",
        help="phase-1 checkpoint that phase 2 starts from, by default the latest of "
        "the config's phase1_work_dir",
    )
    add_common_arguments(parser)
    return parser.parse_args()


def build_runner(cfg: Config) -> Runner:
    """Build a run with its data sets, of which some tell all by a RuntimeError."""
    runner = Runner.from_cfg(cfg)
    with one_line_errors((OSError, ValueError, RuntimeError)):
        for loop in ("train_loop", "val_loop"):
            getattr(runner, loop)  # is built when it is first asked for
    return runner


def main() -> None:
    """Train."""
    args = parse_args()
    with one_line_errors((OSError, ValueError, RuntimeError)):
        cfg = load_config(args)
        if args.amp:
            set_amp(cfg)
        if is_first_process():  # other machines may not have the checkpoint
            set_start(cfg, args.resume, args.phase1)
            check_start(cfg, training=True)
    with stopped_by_hand(cfg.work_dir), one_line_errors(ERRORS):
        runner = build_runner(cfg)
        runner.train()


if __name__ == "__main__":
    main()
    close_processes()
