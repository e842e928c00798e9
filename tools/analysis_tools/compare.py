"""Compare the results of ``tools/test.py --out``: tables and pictures."""

from collections.abc import Mapping

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.evaluation.accuracy_picture import draw_accuracy_over_frequency
from lpt_mm.evaluation.report import read_report
from lpt_mm.evaluation.shot_confusion_picture import draw_shot_confusion
from lpt_mm.evaluation.tables import print_gains, print_tables
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.files import short_names
from lpt_mm.utils.new_file import require_new


def main() -> None:
    """Print the tables and draw the pictures."""
    parser = make_parser(__doc__)
    parser.add_argument("metrics", nargs="+", help="JSON files of tools/test.py --out")
    parser.add_argument(
        "--picture", metavar="PNG", help="new file for a picture: accuracy per class"
    )
    parser.add_argument(
        "--confusion",
        metavar="PNG",
        help="new file for a picture: confusion of shot groups",
    )
    args = parser.parse_args()
    require_new(args.picture, args.confusion)
    names = short_names(args.metrics)
    reports = dict(zip(names, map(read_report, args.metrics), strict=True))
    print_tables(reports, _same_shot_groups(reports))
    print_gains(reports)
    if args.picture:
        draw_accuracy_over_frequency(reports, args.picture)
    if args.confusion:
        draw_shot_confusion(reports, args.confusion)


def _same_shot_groups(reports: Mapping[str, Mapping]) -> str:
    conventions = {str(report["shot_groups"]) for report in reports.values()}
    if len(conventions) > 1:
        raise UserError(f"the files use different shot groups: {sorted(conventions)}")
    return conventions.pop()


if __name__ == "__main__":
    run_tool(main)
