"""Train a model: ``python tools/train.py configs/lpt/phase1_digits_lt.py``."""

from lpt_mm.engine.command_line import add_run_options, make_parser, run_tool
from lpt_mm.engine.run_config import load_config
from lpt_mm.engine.training import run_training


def main() -> None:
    """Train."""
    parser = make_parser(__doc__)
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
    add_run_options(parser)
    args = parser.parse_args()
    cfg = load_config(
        args.config, args.cfg_options, args.work_dir, args.launcher, args.local_rank
    )
    run_training(cfg, args.resume, args.phase1, args.amp)


if __name__ == "__main__":
    run_tool(main)
