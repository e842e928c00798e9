"""Write a trained model for other programs: ``export.py PACK --to onnx --out FILE``."""

import sys

from lpt_mm import load
from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.inference.export import export
from lpt_mm.inference.file_formats import FORMATS
from lpt_mm.utils.new_file import require_new
from lpt_mm.weights.calibration import TEMPERATURE


def main() -> None:
    """Load, export, compare."""
    parser = make_parser(__doc__)
    parser.add_argument("pack", help="file of publish_model.py")
    parser.add_argument("--to", choices=FORMATS, required=True, help="format")
    parser.add_argument("--out", required=True, help="file to write, which is new")
    parser.add_argument(
        "--with-preprocessing",
        action="store_true",
        help="take uint8 images, and normalise them in the graph",
    )
    parser.add_argument(
        "--backbone", metavar="FILE", help="backbone, where the pack says it needs one"
    )
    args = parser.parse_args()
    require_new(args.out)
    model = load(args.pack, args.backbone, device="cpu", tta=False)
    exported = export(
        model.model, args.out, args.to, args.with_preprocessing, model.class_names
    )
    sys.stdout.write(
        f"{args.out}: {exported.size / 2**20:.1f} MiB; its scores are within "
        f"{exported.difference:.1g} of the model's\n"
    )
    if model.pack.tta is not None:
        sys.stdout.write(
            "The pack averages over crops of an image (tta); the file takes one crop, "
            "and what is averaged is left to whoever runs it.\n"
        )
    if (model.pack.calibration or {}).get(TEMPERATURE):
        sys.stdout.write("The pack has a temperature; the file's scores have none.\n")


if __name__ == "__main__":
    run_tool(main)
