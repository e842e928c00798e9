"""Turn a checkpoint of LPT's authors into ours: ``lpt_to_mm.py SRC DST``."""

import argparse

import torch

from lpt_mm.engine.endings import one_line_errors
from lpt_mm.utils.new_file import new_file, require_new
from lpt_mm.weights.official import from_official
from lpt_mm.weights.reading import read_file


def main() -> None:
    """Read, convert, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("src", help="checkpoint of the authors' code, of either phase")
    parser.add_argument("dst", help="file to write, which must not exist")
    args = parser.parse_args()
    with one_line_errors():
        require_new(args.dst)
        weights = from_official(read_file(args.src))
        with new_file(args.dst) as file:
            torch.save(dict(meta=weights.meta, state_dict=weights.tensors), file)


if __name__ == "__main__":
    main()
