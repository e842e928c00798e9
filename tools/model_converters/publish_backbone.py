"""Take the backbone's weights out of a checkpoint: ``publish_backbone.py SRC DST``."""

import torch

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.utils.new_file import new_file, require_new
from lpt_mm.weights.description import describe
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.layouts import to_mmpretrain
from lpt_mm.weights.reading import read_file


def main() -> None:
    """Read a checkpoint, write its backbone alone, with what no tensor shows of it."""
    parser = make_parser(__doc__)
    parser.add_argument("src", help="checkpoint of an mmpretrain classifier")
    parser.add_argument("dst", help="file to write, which must not exist")
    args = parser.parse_args()
    require_new(args.dst)
    weights = read_file(args.src)
    if describe(weights).layout not in ("mmpretrain", "lpt_mm"):
        raise WeightFileError(f"{weights.source} holds no backbone of mmpretrain")
    meta = dict(backbone=weights.hidden_settings)
    state_dict = to_mmpretrain(weights.tensors)
    with new_file(args.dst) as file:
        torch.save(dict(meta=meta, state_dict=state_dict), file)


if __name__ == "__main__":
    run_tool(main)
