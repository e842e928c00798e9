"""Count what configs cost: ``python tools/analysis_tools/cost.py CONFIG [CONFIG ...]``.

Trained and total parameters, arithmetic and size of the files, next to full fine-tuning
of the first config's backbone. No pre-trained weights are fetched.
"""

import argparse

from rich.progress import track

from lpt_mm.cost.model_cost import full_fine_tuning, measure_cost
from lpt_mm.cost.report import print_costs
from lpt_mm.engine.command_line import add_config_options, make_parser, run_tool
from lpt_mm.engine.run_config import load_config
from lpt_mm.utils.files import short_names
from lpt_mm.utils.json_file import write_json
from lpt_mm.utils.new_file import require_new


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("configs", nargs="+", metavar="CONFIG", help="config files")
    parser.add_argument("--json", metavar="FILE", help="new file for the numbers")
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    """Count, print and write."""
    args = parse_args()
    require_new(args.json)
    cfgs = {
        name: load_config(config, args.cfg_options)
        for name, config in zip(short_names(args.configs), args.configs, strict=True)
    }
    first = next(iter(cfgs.values()))
    cfgs["full fine-tuning"] = full_fine_tuning(first)
    costs = {
        name: measure_cost(cfg)
        for name, cfg in track(cfgs.items(), "counting", transient=True)
    }
    print_costs(costs)
    if args.json:
        write_json(args.json, costs)


if __name__ == "__main__":
    run_tool(main)
