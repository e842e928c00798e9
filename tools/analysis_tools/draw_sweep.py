"""Draw the results of a sweep: ``python tools/analysis_tools/draw_sweep.py SWEEP``.

From logs and reports of the runs that tools/analysis_tools/sweep.py has done: training
curves, accuracy of each class over its frequency, confusion by shot group, and which
class uses which group prompts; and the differences that the sweep compares.
"""

import argparse
from pathlib import Path

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.sweep.pictures import draw_differences, draw_pictures
from lpt_mm.sweep.plan import read_plan
from lpt_mm.sweep.search import settle
from lpt_mm.utils.errors import UserError


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("sweep", help="sweep file, such as configs/sweeps/digits_lt.py")
    parser.add_argument(
        "--rows",
        nargs="+",
        help="names of the rows to draw, up to four; else the differences alone",
    )
    parser.add_argument("--out", type=Path, help="folder of the pictures")
    parser.add_argument(
        "--work-dir", type=Path, default=Path("work_dirs/sweeps"), help="where runs are"
    )
    return parser.parse_args()


def main() -> None:
    """Draw."""
    args = parse_args()
    plan = read_plan(args.sweep)
    if not args.rows and not plan.compare:
        raise UserError(
            "nothing to draw: name --rows, or compare rows in the sweep file"
        )
    runs, out = args.work_dir / "runs", args.out or args.work_dir / plan.name
    plan, *_ = settle(plan, runs)
    if args.rows:
        draw_pictures(plan, runs, args.rows, out)
    if plan.compare:
        draw_differences(plan, runs, out)


if __name__ == "__main__":
    run_tool(main)
