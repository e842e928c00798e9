"""Which labels are likely wrong: ``audit.py PACK SET --out CSV``.

SET is a training set, of embed.py. Fill in the column correct_class of the table;
dataset_converters/take_labels.py takes it into the lists of the data set.
"""

from rich.console import Console

from lpt_mm.collection.audit import make_audit
from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.utils.text import for_rich


def main() -> None:
    """Rank, write and say how many there are."""
    parser = make_parser(__doc__)
    parser.add_argument("pack", help="the model")
    parser.add_argument("folder", metavar="SET", help="training set, of embed.py")
    parser.add_argument("--out", required=True, metavar="CSV", help="new table")
    parser.add_argument(
        "--budget", type=int, metavar="N", help="list the first N; by default 5 %%"
    )
    parser.add_argument("--sheets", metavar="DIR", help="new folder of contact sheets")
    said = make_audit(**vars(parser.parse_args()))
    Console(soft_wrap=True).print(for_rich(said))


if __name__ == "__main__":
    run_tool(main)
