"""Turn a checkpoint of LPT's authors into ours: ``lpt_to_mm.py SRC DST``."""

import torch

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.utils.new_file import new_file, require_new
from lpt_mm.weights.official import from_official
from lpt_mm.weights.reading import read_file


def main() -> None:
    """Read, convert, write."""
    parser = make_parser(__doc__)
    parser.add_argument("src", help="checkpoint of the authors' code, of either phase")
    parser.add_argument("dst", help="file to write, which must not exist")
    args = parser.parse_args()
    require_new(args.dst)
    weights = from_official(read_file(args.src))
    with new_file(args.dst) as file:
        torch.save(dict(meta=weights.meta, state_dict=weights.tensors), file)


if __name__ == "__main__":
    run_tool(main)
