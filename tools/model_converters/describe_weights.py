"""Say what a weight file is and which config takes it: ``describe_weights.py FILE``."""

import argparse
import os
import sys

from lpt_mm.engine.endings import one_line_errors
from lpt_mm.weights.description import describe
from lpt_mm.weights.fitting_configs import fitting_configs
from lpt_mm.weights.reading import read_file
from lpt_mm.weights.report import print_weights


def main() -> None:
    """Read and describe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", help="weight file; nothing in it is executed")
    parser.add_argument(
        "--configs",
        default=os.path.join(os.path.dirname(__file__), "..", "..", "configs"),
        help="folder of the configs to try, by default the project's",
    )
    args = parser.parse_args()
    with one_line_errors():
        weights = read_file(args.file)
        description = describe(weights)
        configs = fitting_configs(weights, args.configs)
        print_weights(weights, description, configs)
    if description.architecture is None and not weights.is_light:
        sys.exit(f"error: {weights.source} holds no whole vision transformer")


if __name__ == "__main__":
    main()
