"""Many runs of configs: declared in a file, run once each, summed up in a table."""

from lpt_mm.sweep.plan import Plan, read_plan
from lpt_mm.sweep.results import mean_report, write_results
from lpt_mm.sweep.run import run_plan
from lpt_mm.sweep.speed import measure_speeds

__all__ = [
    "Plan",
    "mean_report",
    "measure_speeds",
    "read_plan",
    "run_plan",
    "write_results",
]
