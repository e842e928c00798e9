"""The data doctor: every image of a config's data sets is read once.

It says how many images and classes there are and how long the tail is, and finds files
that cannot be read, labels and class names that do not fit, and images that are there
twice. The quick checks before each training are those of ``DataCheckHook``.
"""

from lpt_mm.data_check.report import (
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
