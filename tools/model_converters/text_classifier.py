"""Write a start of the head from class names: ``text_classifier.py --names FILE ...``.

In training: ``--cfg-options model.head.head_init=FILE.safetensors``.
"""

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.preparation.text_classifier import make_text_classifier


def main() -> None:
    """Read names, write weights."""
    parser = make_parser(__doc__)
    parser.add_argument(
        "--names", required=True, help="file with the name of a class in each line"
    )
    parser.add_argument(
        "--templates", help="file with a text in each line: a photo of a {class}."
    )
    parser.add_argument(
        "--model",
        default="ViT-B-16",
        help="model of open_clip; of OpenAI's weights in a file ViT-B-16-quickgelu",
    )
    parser.add_argument(
        "--pretrained",
        default="openai",
        help="file of its weights, or open_clip's name of those to fetch",
    )
    parser.add_argument("--out", required=True, help="file to write, which is new")
    make_text_classifier(**vars(parser.parse_args()))


if __name__ == "__main__":
    run_tool(main)
