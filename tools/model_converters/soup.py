"""Average checkpoints of one model: ``soup.py CHECKPOINT CHECKPOINT --out FILE``."""

import torch

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.utils.new_file import new_file, require_new
from lpt_mm.weights.reading import read_file
from lpt_mm.weights.soup import make_soup


def main() -> None:
    """Read, average, write."""
    parser = make_parser(__doc__)
    parser.add_argument("checkpoints", nargs="+", help="of runs of the same model")
    parser.add_argument(
        "--weights",
        nargs="+",
        type=float,
        default=(),
        metavar="SHARE",
        help="what each checkpoint counts, of sum 1; by default all the same",
    )
    parser.add_argument(
        "--out", required=True, help="file to write, which must not exist"
    )
    args = parser.parse_args()
    require_new(args.out)
    soup = make_soup([read_file(path) for path in args.checkpoints], args.weights)
    with new_file(args.out) as file:
        torch.save(dict(meta=soup.meta, state_dict=soup.tensors), file)


if __name__ == "__main__":
    run_tool(main)
