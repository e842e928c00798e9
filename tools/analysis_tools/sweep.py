"""Run the configs and seeds of a file: ``python tools/analysis_tools/sweep.py SWEEP``.

What is done is never done again; what was interrupted goes on. Results go to
``work_dirs/sweeps/<sweep name>``: ``results.csv`` with a line for each run, and
``table.md`` with mean and standard deviation over the seeds. What each row gains over
the first one and the one before it is printed, too.

A run is known by its config values. Where a file behind one of them changes, such as a
list of images or the backbone's weights, remove the folders of its runs.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.evaluation.tables import print_gains
from lpt_mm.sweep.plan import read_plan
from lpt_mm.sweep.results import mean_report, write_results
from lpt_mm.sweep.run import run_plan
from lpt_mm.sweep.speed import measure_speeds


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("sweep", help="sweep file, such as configs/sweeps/digits_lt.py")
    parser.add_argument("--processes", type=int, default=1, help="runs at a time")
    parser.add_argument(
        "--work-dir", type=Path, default=Path("work_dirs/sweeps"), help="where runs go"
    )
    args = parser.parse_args()
    if args.processes < 1:
        parser.error(f"--processes must be at least 1, got {args.processes}")
    return args


def main() -> None:
    """Run, sum up."""
    args = parse_args()
    plan = read_plan(args.sweep)
    runs = args.work_dir / "runs"
    failures = run_plan(plan, runs, args.processes)
    write_results(plan, runs, args.work_dir / plan.name)
    if plan.speed and not failures:
        measure_speeds(plan, runs)
    table = write_results(plan, runs, args.work_dir / plan.name)
    Console().print(Markdown(table.read_text("utf-8")))
    if failures:
        sys.exit("error: " + "\nerror: ".join(failures))
    print_gains({row.name: mean_report(plan, runs, row) for row in plan.rows})


if __name__ == "__main__":
    run_tool(main)
