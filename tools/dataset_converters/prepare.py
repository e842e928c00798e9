"""Check the data of a benchmark, get its lists and say what is missing."""

import sys
from pathlib import Path

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.preparation import BENCHMARKS, prepare, print_states


def main() -> None:
    """Prepare one benchmark; nothing that exists is changed."""
    parser = make_parser(__doc__)
    parser.add_argument("name", choices=BENCHMARKS, help="the benchmark")
    parser.add_argument("--root", type=Path, help="its folder, by default data/<usual>")
    parser.add_argument(
        "--lists", type=Path, help="folder with your copies of its split lists or JSON"
    )
    args = parser.parse_args()
    benchmark = BENCHMARKS[args.name]
    root = args.root or Path("data") / benchmark.folder
    states = prepare(benchmark, root, args.lists)
    print_states(states, f"{args.name} in '{root}'")
    missing = sum(not part.in_place for part in states)
    if missing:
        sys.exit(f"error: {missing} of {len(states)} items are not in place")


if __name__ == "__main__":
    run_tool(main)
