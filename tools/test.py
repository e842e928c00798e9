"""Test a model: ``python tools/test.py CONFIG CHECKPOINT --out metrics.json``."""

from pathlib import Path

from lpt_mm.engine.command_line import (
    add_group_option,
    add_run_options,
    add_tta_option,
    make_parser,
    run_tool,
)
from lpt_mm.engine.run_config import load_config
from lpt_mm.engine.testing import run_test, use_crops
from lpt_mm.evaluation.report import by_observation
from lpt_mm.evaluation.tables import print_tables


def main() -> None:
    """Test."""
    parser = make_parser(__doc__)
    parser.add_argument("config", help="config file")
    parser.add_argument(
        "checkpoint",
        nargs="?",
        help="checkpoint file; not for configs without training, such as K-NN",
    )
    parser.add_argument(
        "--split",
        choices=("test", "val"),
        default="test",
        help="what to test on; val to choose settings",
    )
    parser.add_argument("--out", metavar="JSON", help="new file for the metrics")
    parser.add_argument("--csv", help="new file for the numbers of each class")
    add_group_option(parser, "images of one observation, to test by these as well")
    add_tta_option(parser)
    add_run_options(parser)
    args = parser.parse_args()
    cfg = load_config(
        args.config, args.cfg_options, args.work_dir, args.launcher, args.local_rank
    )
    if args.tta:
        use_crops(cfg)
    wanted = dict(out=args.out, csv=args.csv, group_by=args.group_by)
    report = run_test(cfg, args.checkpoint, args.split, **wanted)
    if report is not None:  # in the first process
        rows = {Path(args.config).stem: report}
        if found := by_observation(report):
            rows["by observation"] = found
        print_tables(rows, report["shot_groups"])


if __name__ == "__main__":
    run_tool(main)
