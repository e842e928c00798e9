"""Write the model card of a pack: ``model_card.py PACK --out README.md``.

A card says in words what the pack is, in the form that Hugging Face shows.
"""

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.inference.model_card import write_model_card


def main() -> None:
    """Write the card."""
    parser = make_parser(__doc__)
    parser.add_argument("pack", help="file of publish_model.py")
    parser.add_argument("--out", required=True, metavar="MD", help="new file")
    args = parser.parse_args()
    write_model_card(args.pack, args.out)


if __name__ == "__main__":
    run_tool(main)
