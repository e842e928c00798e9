"""Which images to look at first: ``review.py PACK SET --out CSV``.

SETs are folders of embed.py; the first one is of new images. Fill in the column
correct_class; dataset_converters/take_labels.py takes it into the lists of a data set.
"""

from rich.console import Console

from lpt_mm.answers.prior import parse_prior
from lpt_mm.collection.review import ORDERS, make_review
from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.utils.text import for_rich


def main() -> None:
    """Rank, write and say how many there are."""
    parser = make_parser(__doc__)
    parser.add_argument("pack", help="the model")
    parser.add_argument("folder", metavar="SET", help="the new images")
    parser.add_argument("--out", required=True, metavar="CSV", help="new table")
    parser.add_argument(
        "--order",
        choices=ORDERS,
        default=ORDERS[0],
        help="most likely of a few-shot class, least certain, least like any training "
        "image, or most like an image first",
    )
    parser.add_argument(
        "--budget", type=int, metavar="N", help="list the first N alone"
    )
    parser.add_argument(
        "--prior",
        help="how frequent classes are, as of predict.py; by default as in training "
        "for --order rare, else as trained",
    )
    parser.add_argument("--train", metavar="SET", help="for --order unlike")
    parser.add_argument("--validation", metavar="SET", help="for --order unlike")
    parser.add_argument("--alike", metavar="PATH", help="for --order alike: of the set")
    parser.add_argument("--sheets", metavar="DIR", help="new folder of contact sheets")
    args = parser.parse_args()
    if args.prior is not None:
        args.prior = parse_prior(args.prior)
    Console(soft_wrap=True).print(for_rich(make_review(**vars(args))))


if __name__ == "__main__":
    run_tool(main)
