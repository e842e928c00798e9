"""Many runs of configs: declared in a file, run once each, summed up in a table."""

from lpt_mm.sweep.plan import Plan, read_plan
from lpt_mm.sweep.results import write_results
from lpt_mm.sweep.run import run_plan

__all__ = ["Plan", "read_plan", "run_plan", "write_results"]
