"""Sets of classes that hold the true one: ``answer_sets.py PACK SET --coverage 0.9``.

SET is a validation set, of embed.py. With --out, the new pack predicts the sets:
``predict.py PACK IMAGES --coverage 0.9``.
"""

from dataclasses import astuple

from rich.console import Console

from lpt_mm.answers.answer_sets import KINDS
from lpt_mm.collection.set_report import make_answer_sets
from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.utils.tables import number_table


def main() -> None:
    """Find thresholds, test and write them."""
    parser = make_parser(__doc__)
    parser.add_argument("pack", help="the model")
    parser.add_argument("validation", metavar="SET", help="validation set, of embed.py")
    parser.add_argument(
        "--coverage", type=float, required=True, help="share to hold the true class"
    )
    parser.add_argument(
        "--kind", choices=KINDS, default="all", help="what has a threshold of its own"
    )
    parser.add_argument(
        "--class-weight",
        type=float,
        default=0.5,
        help="of --kind class: 0 the threshold of all, 1 that of the class alone",
    )
    parser.add_argument("--test", metavar="SET", help="test set, of embed.py")
    parser.add_argument("--out", metavar="PACK", help="new pack that predicts the sets")
    args = parser.parse_args()
    sets, numbers = make_answer_sets(**vars(args))
    console = Console()
    if numbers:
        rows = [
            (name, f"{images:,}", *(f"{x:.2f}" for x in found))
            for name, (images, *found) in ((k, astuple(v)) for k, v in numbers.items())
        ]
        columns = ["", "images", "coverage %", "classes", "one class %", "empty %"]
        console.print(number_table("Answer sets on the test set", columns, rows))
    console.print(f"what holds: {sets.guarantee()}", highlight=False)


if __name__ == "__main__":
    run_tool(main)
