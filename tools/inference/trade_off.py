"""Frequent against rare classes, by the prior: ``trade_off.py PACK SET``.

SET is a folder of embed.py with labels. The prior is that of ``predict.py --prior``.
"""

from rich.console import Console

from lpt_mm.collection.trade_off import COLUMNS, PRIOR, trade_off_of
from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.utils.tables import number_table


def main() -> None:
    """Compute, print and write."""
    parser = make_parser(__doc__)
    parser.add_argument("pack", help="the model")
    parser.add_argument("folder", metavar="SET", help="set with labels, of embed.py")
    parser.add_argument("--steps", type=int, default=11, help="priors from 0 to 1")
    parser.add_argument("--out", metavar="CSV", help="new file for the numbers")
    parser.add_argument("--picture", metavar="PNG", help="new file for a picture")
    rows = trade_off_of(**vars(parser.parse_args()))
    cells = [
        (f"{row[PRIOR]:.2f}", *(f"{row[x]:.2f}" if x in row else None for x in COLUMNS))
        for row in rows
    ]
    title = "Accuracy in %"
    Console().print(number_table(title, [PRIOR, *COLUMNS], cells))


if __name__ == "__main__":
    run_tool(main)
