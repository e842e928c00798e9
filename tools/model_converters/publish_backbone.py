"""Take the backbone's weights out of a checkpoint: ``publish_backbone.py SRC DST``.

DST is a file of safetensors if it is called so, and else one of torch.
"""

from pathlib import Path

import torch

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.utils.new_file import new_file, require_new
from lpt_mm.weights.description import describe
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.layouts import to_mmpretrain
from lpt_mm.weights.model_file import write_model
from lpt_mm.weights.reading import read_file


def main() -> None:
    """Read a checkpoint, write its backbone alone, with what no tensor shows of it."""
    parser = make_parser(__doc__)
    parser.add_argument("src", help="checkpoint of an mmpretrain classifier")
    parser.add_argument("dst", help="file to write, which must not exist")
    parser.add_argument("--half", action="store_true", help="as float16, half as large")
    args = parser.parse_args()
    require_new(args.dst)
    weights = read_file(args.src)
    if describe(weights).layout not in ("mmpretrain", "lpt_mm"):
        raise WeightFileError(f"{weights.source} holds no backbone of mmpretrain")
    meta = dict(backbone=weights.hidden_settings)
    state_dict = to_mmpretrain(weights.tensors)
    if args.half:
        state_dict = {name: tensor.half() for name, tensor in state_dict.items()}
    with new_file(args.dst) as file:
        if Path(args.dst).suffix == ".safetensors":
            file.write_bytes(write_model(state_dict, meta))
        else:
            torch.save(dict(meta=meta, state_dict=state_dict), file)


if __name__ == "__main__":
    run_tool(main)
