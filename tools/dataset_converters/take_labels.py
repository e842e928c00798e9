"""Take corrected labels into the lists of a data set: ``take_labels.py CONFIG CSV``.

CSV is a table of inference/review.py or inference/audit.py, whose column correct_class
is filled in where it is known, or the decisions of demo.py. Nothing is changed unless
all rows are right.
"""

import os

from rich.console import Console

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.engine.run_config import load_config
from lpt_mm.preparation.take_labels import restore_lists, take_labels
from lpt_mm.utils.text import for_rich


def main() -> None:
    """Correct or restore the lists."""
    parser = make_parser(__doc__)
    parser.add_argument("config", help="of the data set")
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("table", nargs="?", metavar="CSV", help="with corrected classes")
    way.add_argument("--undo", metavar="JOURNAL", help="restore the lists of before")
    parser.add_argument(
        "--journal", help="new file to undo it with; by default beside CSV"
    )
    args = parser.parse_args()
    if args.undo is not None and args.journal is not None:
        parser.error("--journal is a new file, and --undo writes none")
    cfg = load_config(args.config)
    if args.undo is not None:
        said = restore_lists(cfg, args.undo)
    else:
        beside = f"{os.path.splitext(args.table)[0]}.journal.json"
        said = take_labels(cfg, args.table, args.journal or beside)
    Console(soft_wrap=True).print(for_rich(said))


if __name__ == "__main__":
    run_tool(main)
