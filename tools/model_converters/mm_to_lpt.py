"""Turn a checkpoint of ours into one of LPT's authors: ``mm_to_lpt.py SRC DST``."""

import sys

import torch

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.utils.new_file import new_file, require_new
from lpt_mm.weights.official import LAYER_NORM_EPS, to_official
from lpt_mm.weights.pretrained_vit import restore_backbone
from lpt_mm.weights.reading import read_file


def main() -> None:
    """Read, convert, write."""
    parser = make_parser(__doc__)
    parser.add_argument("src", help="checkpoint of either phase")
    parser.add_argument("dst", help="file to write, which must not exist")
    parser.add_argument(
        "--backbone",
        metavar="SOURCE",
        help="where the frozen layers of a light checkpoint are: 'timm:<model name>', "
        "a path or a URL; not needed for those that come with lpt_mm",
    )
    args = parser.parse_args()
    require_new(args.dst)
    weights = restore_backbone(read_file(args.src), args.backbone)
    with new_file(args.dst) as file:
        torch.save(dict(state_dict=to_official(weights).tensors), file)
    eps = weights.hidden_settings.get("layer_norm_eps")
    if eps != LAYER_NORM_EPS:
        sys.stderr.write(
            f"note: the authors' code sets the eps of LayerNorm to {LAYER_NORM_EPS}; "
            f"this model was trained with {eps or 'one that is not recorded'}\n"
        )


if __name__ == "__main__":
    run_tool(main)
