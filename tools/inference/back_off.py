"""Answers as deep as is certain: ``back_off.py PACK SET TAXONOMY.csv``.

SET is a test set, of embed.py. TAXONOMY.csv has a row a class, and its first line the
names of the levels: ``species,genus,family``. ``predict.py --taxonomy`` answers so.
"""

from rich.console import Console

from lpt_mm.collection.back_off import report_back_off
from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.utils.tables import number_table


def main() -> None:
    """Count and print."""
    parser = make_parser(__doc__)
    parser.add_argument("pack", help="the model")
    parser.add_argument("folder", metavar="SET", help="test set, of embed.py")
    parser.add_argument("taxonomy", metavar="CSV", help="class,parent,...")
    parser.add_argument(
        "--certainty", type=float, default=0.9, help="least probability of an answer"
    )
    rows = []
    for name, found in report_back_off(**vars(parser.parse_args())).items():
        accuracy = None if found.accuracy is None else f"{found.accuracy:.2f}"
        rows.append((name, f"{found.images:,}", f"{found.share:.2f}", accuracy))
    columns = ["", "images", "share %", "accuracy %"]
    Console().print(number_table("Answers by level", columns, rows))


if __name__ == "__main__":
    run_tool(main)
