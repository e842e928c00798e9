"""A page to look at what models say: ``python tools/demo.py PACK [PACK ...]``.

Drop photos on it, and see the likeliest classes of each, the training images nearest to
it, its groups of prompts, and what a prior or answer sets make of its scores. Several
packs share one backbone. With --review it shows the images of a folder, the least
certain first, and writes down which answers are right: j is right, k wrong.
"""

from lpt_mm.demo.serving import LOCAL, run_demo
from lpt_mm.engine.command_line import make_parser, run_tool


def main() -> None:
    """Serve the page."""
    parser = make_parser(__doc__)
    parser.add_argument("packs", nargs="+", metavar="PACK", help="of one backbone")
    parser.add_argument(
        "--neighbours",
        nargs="+",
        default=[],
        metavar="SET",
        help="sets of training images, of embed.py, each of one of the packs",
    )
    parser.add_argument(
        "--images",
        default=".",
        metavar="DIR",
        help="folder of their images; what a set names outside it is not opened",
    )
    parser.add_argument("--review", metavar="DIR", help="folder of images to decide on")
    parser.add_argument("--decisions", metavar="CSV", help="new file of the decisions")
    parser.add_argument(
        "--resume", action="store_true", help="go on with the file of decisions"
    )
    parser.add_argument(
        "--host", default=LOCAL, help="address; by default this machine"
    )
    parser.add_argument("--port", type=int, default=7860, help="0 for any")
    parser.add_argument("--backbone", metavar="FILE", help="of packs that need one")
    parser.add_argument("--device", help="such as cuda:1; by default a GPU, if any")
    run_demo(**vars(parser.parse_args()))


if __name__ == "__main__":
    run_tool(main)
