"""Compute features and scores once: ``embed.py PACK IMAGES... --out DIR``.

PACK is a file of publish_model.py, or CONFIG CHECKPOINT. IMAGES are what predict.py
takes. A split of a config: ``embed.py CONFIG CHECKPOINT --split val --out DIR``, or
``embed.py PACK --config CONFIG --split val --out DIR``.

DIR is a new folder: feature.safetensors, score.safetensors and images.parquet.
"""

from rich.console import Console

from lpt_mm.collection.image_batches import SPLITS
from lpt_mm.collection.opening import embed_from_words
from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.utils.text import for_rich


def main() -> None:
    """Embed."""
    parser = make_parser(__doc__)
    parser.add_argument("words", nargs="+", metavar="PACK IMAGES", help="see above")
    parser.add_argument("--out", required=True, metavar="DIR", help="new folder")
    parser.add_argument("--split", choices=SPLITS, help="of the config, with labels")
    parser.add_argument("--config", help="of the split, where the model is a pack")
    parser.add_argument(
        "--labels-from-folders",
        action="store_true",
        help="an image is of the class that its folder is called as, if there is one",
    )
    parser.add_argument("--batch-size", type=int, default=32, help="images at a time")
    parser.add_argument("--backbone", metavar="FILE", help="of a pack that needs one")
    parser.add_argument("--device", help="such as cuda:1; by default a GPU, if any")
    parser.add_argument("--frozen-dtype", choices=["float32", "bfloat16"])
    said = embed_from_words(**vars(parser.parse_args()))
    Console().print(for_rich(said))


if __name__ == "__main__":
    run_tool(main)
