"""Run the configs and seeds of a file: ``python tools/analysis_tools/sweep.py SWEEP``.

What is done is never done again; what was interrupted goes on. Results go to
``work_dirs/sweeps/<sweep name>``: ``results.csv`` with a line for each run, and
``table.md`` with mean and standard deviation over seeds and folds. With ``compare`` in
the sweep, ``differences.md`` has paired differences, else what each row gains over the
first one and the one before it is printed; with ``search`` in a row, ``chosen.md`` says
which settings were tried on the validation set first.

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
from lpt_mm.sweep.differences import check_predictions, write_differences
from lpt_mm.sweep.plan import read_plan
from lpt_mm.sweep.results import mean_report, write_results
from lpt_mm.sweep.run import run_plan
from lpt_mm.sweep.search import settle, write_choices
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
    runs, out, processes = (
        args.work_dir / "runs",
        args.work_dir / plan.name,
        args.processes,
    )
    plan, choices, failures = settle(
        plan, runs, lambda trial: run_plan(trial, runs, processes)
    )
    if choices:
        show(write_choices(plan, choices, out))
    check_predictions(plan, runs)
    failures += run_plan(plan, runs, processes)
    write_results(plan, runs, out)
    if plan.speed and not failures:
        measure_speeds(plan, runs)
    show(write_results(plan, runs, out))
    if plan.compare:
        show(write_differences(plan, runs, out))
    if failures:
        sys.exit("error: " + "\nerror: ".join(failures))
    if not plan.compare:
        print_gains({row.name: mean_report(plan, runs, row) for row in plan.rows})


def show(file: Path) -> None:
    """Print a file of Markdown."""
    Console().print(Markdown(file.read_text("utf-8")))


if __name__ == "__main__":
    run_tool(main)
