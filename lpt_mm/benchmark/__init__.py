"""What training and inference cost: time, memory, arithmetic."""

from lpt_mm.benchmark.data_speed import benchmark_data
from lpt_mm.benchmark.model_speed import ModelSpeed, benchmark_model
from lpt_mm.benchmark.report import print_report

__all__ = ["ModelSpeed", "benchmark_data", "benchmark_model", "print_report"]
