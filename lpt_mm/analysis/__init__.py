"""What the data of a config are like, and what is wrong with them."""

from lpt_mm.analysis.data_report import (
    REPORT_FILES,
    DataReport,
    examine_data,
    print_data_report,
    write_data_report,
)

__all__ = [
    "REPORT_FILES",
    "DataReport",
    "examine_data",
    "print_data_report",
    "write_data_report",
]
