"""Compare the results of ``tools/test.py --out``: a table and a picture."""

import argparse
import json
from pathlib import Path

from lpt_mm.evaluation.report import draw_accuracy_over_frequency, print_table


def main() -> None:
    """Print the table and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("metrics", nargs="+", help="JSON files of tools/test.py --out")
    parser.add_argument("--picture", metavar="PNG", help="draw accuracy per class")
    args = parser.parse_args()
    files = [Path(path) for path in args.metrics]
    unique = len({file.stem for file in files}) == len(files)
    reports = {
        file.stem if unique else str(file): json.loads(file.read_text())
        for file in files
    }
    conventions = {report["shot_groups"] for report in reports.values()}
    if len(conventions) > 1:
        parser.error(f"the files use different shot groups: {sorted(conventions)}")
    print_table(reports, conventions.pop())
    if args.picture:
        draw_accuracy_over_frequency(reports, args.picture)


if __name__ == "__main__":
    main()
