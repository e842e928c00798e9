"""Check the data of a config: ``python tools/analysis_tools/check_dataset.py CONFIG``.

Prints the images and classes of each split and what is wrong with them, and writes
``report.json``, ``class_counts.png`` and, where images look like training images,
``near_duplicates.png``. The exit code is 1 if training cannot work.
"""

import argparse
import sys
from pathlib import Path

from lpt_mm.data_check.findings import ERROR
from lpt_mm.data_check.report import (
    REPORT_FILES,
    examine_data,
    print_data_report,
    write_data_report,
)
from lpt_mm.engine.command_line import (
    add_config_options,
    add_group_option,
    make_parser,
    run_tool,
)
from lpt_mm.engine.run_config import default_work_dir, load_config
from lpt_mm.utils.new_file import require_new


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("config", help="config file")
    parser.add_argument(
        "--out",
        metavar="DIR",
        help="folder without a report; by default work_dirs/<config name>/data, where "
        "an older one is replaced",
    )
    add_group_option(parser, "images that should not be on both sides of a split")
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    """Check the data."""
    args = parse_args()
    folder = Path(args.out or Path(default_work_dir(args.config)) / "data")
    if args.out:  # else it is this tool's own folder
        require_new(*(folder / name for name in REPORT_FILES))
    report = examine_data(load_config(args.config, args.cfg_options), args.group_by)
    write_data_report(report, folder)
    print_data_report(report, f"Data of {Path(args.config).name}", folder)
    if report.messages(ERROR):
        sys.exit(1)


if __name__ == "__main__":
    run_tool(main)
