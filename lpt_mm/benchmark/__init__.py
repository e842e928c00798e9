"""What training and inference cost: time, memory, arithmetic."""

from lpt_mm.benchmark.cost_report import print_costs
from lpt_mm.benchmark.data_speed import benchmark_data
from lpt_mm.benchmark.model_cost import full_fine_tuning, measure_cost
from lpt_mm.benchmark.model_speed import ModelSpeed, benchmark_model
from lpt_mm.benchmark.report import print_report

__all__ = [
    "ModelSpeed",
    "benchmark_data",
    "benchmark_model",
    "full_fine_tuning",
    "measure_cost",
    "print_costs",
    "print_report",
]
