"""Take the backbone's weights out of a checkpoint: ``publish_backbone.py SRC DST``."""

import argparse
from pathlib import Path

import torch

from lpt_mm.weights.layouts import to_mmpretrain


def main() -> None:
    """Read a checkpoint, write the tensors of its backbone alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("src", help="checkpoint of an mmpretrain classifier")
    parser.add_argument("dst", help="file to write; an existing one is replaced")
    args = parser.parse_args()
    checkpoint = torch.load(args.src, map_location="cpu", weights_only=True)
    weights = to_mmpretrain(checkpoint["state_dict"])
    partial = Path(args.dst).with_suffix(".partial")
    torch.save(weights, partial)
    partial.replace(args.dst)


if __name__ == "__main__":
    main()
