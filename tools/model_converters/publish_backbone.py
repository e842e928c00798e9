"""Take the backbone's weights out of a checkpoint: ``publish_backbone.py SRC DST``."""

import argparse

from lpt_mm.engine.launch import one_line_errors
from lpt_mm.weights.layouts import to_mmpretrain
from lpt_mm.weights.reading import read_file
from lpt_mm.weights.writing import require_new, save_new


def main() -> None:
    """Read a checkpoint, write the tensors of its backbone alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("src", help="checkpoint of an mmpretrain classifier")
    parser.add_argument("dst", help="file to write, which must not exist")
    args = parser.parse_args()
    with one_line_errors():
        require_new(args.dst)
        save_new(to_mmpretrain(read_file(args.src).tensors), args.dst)


if __name__ == "__main__":
    main()
