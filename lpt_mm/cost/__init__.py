"""What training and inference cost: time, memory, arithmetic."""

from lpt_mm.cost.data_speed import measure_data_speed
from lpt_mm.cost.model_cost import full_fine_tuning, measure_cost
from lpt_mm.cost.model_speed import measure_model_speed
from lpt_mm.cost.report import print_costs, print_speeds

__all__ = [
    "full_fine_tuning",
    "measure_cost",
    "measure_data_speed",
    "measure_model_speed",
    "print_costs",
    "print_speeds",
]
