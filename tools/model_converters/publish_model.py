"""Write a model without the state of its training: ``publish_model.py SRC DST``."""

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.utils.new_file import new_file, require_new
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.model_file import write_model
from lpt_mm.weights.reading import read_file


def main() -> None:
    """Read a checkpoint, write its model as a file of safetensors."""
    parser = make_parser(__doc__)
    parser.add_argument("src", help="checkpoint of a run, or of mmengine")
    parser.add_argument("dst", help="file NAME.safetensors, which must not exist")
    args = parser.parse_args()
    if not args.dst.endswith(".safetensors"):
        raise WeightFileError(
            f"call '{args.dst}' NAME.safetensors: mmengine and torch go by the name"
        )
    require_new(args.dst)
    weights = read_file(args.src)
    content = write_model(weights.tensors, weights.meta)
    with new_file(args.dst) as file:
        file.write_bytes(content)


if __name__ == "__main__":
    run_tool(main)
