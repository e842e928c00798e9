"""Say what a weight file is and which config takes it: ``describe_weights.py FILE``."""

import sys

from lpt_mm import MIM
from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.weights.description import describe
from lpt_mm.weights.reading import read_file
from lpt_mm.weights.report import fitting_configs, print_weights


def main() -> None:
    """Read and describe."""
    parser = make_parser(__doc__)
    parser.add_argument("file", help="weight file; nothing in it is executed")
    parser.add_argument(
        "--configs",
        default=MIM / "configs",
        help="folder of the configs to try, by default the project's",
    )
    args = parser.parse_args()
    weights = read_file(args.file)
    description = describe(weights)
    configs = fitting_configs(weights, args.configs)
    print_weights(weights, description, configs)
    if description.architecture is None and not weights.is_light:
        sys.exit(f"error: {weights.source} holds no whole vision transformer")


if __name__ == "__main__":
    run_tool(main)
