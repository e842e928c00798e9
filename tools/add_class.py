"""Add a class to a pack from a few images: ``add_class.py PACK FOLDER --out PACK``.

Its weight is the mean feature of the images. SETs are folders of inference/embed.py.
"""

from rich.console import Console

from lpt_mm.collection.new_class import add_class
from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.utils.tables import number_table
from lpt_mm.utils.text import for_rich


def main() -> None:
    """Add, print and write."""
    parser = make_parser(__doc__)
    parser.add_argument("pack", help="the model, which has a CosineHead")
    parser.add_argument("images", nargs="+", metavar="FOLDER", help="of the class")
    parser.add_argument("--out", required=True, metavar="PACK", help="new pack")
    parser.add_argument("--name", help="the class; by default as the folder")
    parser.add_argument("--test", metavar="SET", help="of the old classes: the cost")
    parser.add_argument(
        "--new-test",
        nargs="+",
        default=(),
        metavar="FOLDER",
        help="further images of the class: how many are found",
    )
    parser.add_argument(
        "--refine",
        metavar="SET",
        help="training set of the old classes, whose means the head is trained on",
    )
    parser.add_argument("--backbone", metavar="FILE", help="of a pack that needs one")
    parser.add_argument("--device", help="such as cuda:1; by default a GPU, if any")
    args = parser.parse_args()
    made = add_class(**vars(args))
    console = Console()
    console.print(for_rich(f"'{made.name}' of {made.images} images: {args.out}"))
    if made.before is not None:
        rows = [
            (key, *(f"{x[key]:.2f}" for x in (made.before, made.after)))
            for key in made.before
        ]
        title = "Old classes: accuracy %"
        console.print(number_table(title, ["", "before", "after"], rows))
        console.print(f"{made.lost:.2f} % of their images are taken for the new one")
    if made.found is not None:
        console.print(f"{made.found:.2f} % of further images of it are found")


if __name__ == "__main__":
    run_tool(main)
