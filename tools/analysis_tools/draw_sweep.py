"""Draw the results of a sweep: ``python tools/analysis_tools/draw_sweep.py SWEEP``.

From logs and reports of the runs that tools/analysis_tools/sweep.py has done: training
curves, accuracy of each class over its frequency, confusion by shot group, and which
class uses which group prompts.
"""

import argparse
from pathlib import Path

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.sweep.pictures import draw_pictures
from lpt_mm.sweep.plan import read_plan


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("sweep", help="sweep file, such as configs/sweeps/digits_lt.py")
    parser.add_argument(
        "--rows", nargs="+", required=True, help="names of the rows to draw, up to four"
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
    out = args.out or args.work_dir / plan.name
    draw_pictures(plan, args.work_dir / "runs", args.rows, out)


if __name__ == "__main__":
    run_tool(main)
