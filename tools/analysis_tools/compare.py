"""Compare the results of ``tools/test.py --out``: tables and pictures."""

import argparse
import json
from pathlib import Path

from lpt_mm.engine.launch import one_line_errors
from lpt_mm.evaluation.accuracy_picture import draw_accuracy_over_frequency
from lpt_mm.evaluation.shot_confusion_picture import draw_shot_confusion
from lpt_mm.evaluation.tables import print_tables


def main() -> None:
    """Print the tables and draw the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("metrics", nargs="+", help="JSON files of tools/test.py --out")
    parser.add_argument("--picture", metavar="PNG", help="draw accuracy per class")
    parser.add_argument(
        "--confusion", metavar="PNG", help="draw the confusion of shot groups"
    )
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
    print_tables(reports, conventions.pop())
    if args.picture:
        draw_accuracy_over_frequency(reports, args.picture)
    if args.confusion:
        with one_line_errors((OSError, ValueError)):
            draw_shot_confusion(reports, args.confusion)


if __name__ == "__main__":
    main()
