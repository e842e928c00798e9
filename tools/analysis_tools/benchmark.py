"""Measure what a config costs: ``python tools/analysis_tools/benchmark.py CONFIG``.

Time, memory, arithmetic and the share of this machine's matrix multiplication peak, on
random images in memory and without pre-trained weights; or how fast one core reads the
training images. Timed runs follow two that are not timed; medians are printed.
"""

import argparse

from mmengine.config import Config

from lpt_mm.cost.data_speed import measure_data_speed
from lpt_mm.cost.machine import describe_machine
from lpt_mm.cost.model_speed import measure_model_speed
from lpt_mm.cost.plain_reference import plain_crop, require_plain
from lpt_mm.cost.report import print_speeds
from lpt_mm.engine.command_line import add_config_options, make_parser, run_tool
from lpt_mm.engine.run_config import load_config
from lpt_mm.utils.json_file import write_json
from lpt_mm.utils.new_file import require_new


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("config", help="config file")
    parser.add_argument(
        "--phase",
        choices=("infer", "train", "data"),
        default="infer",
        help="inference, a training step, or reading the training images",
    )
    parser.add_argument(
        "--baseline",
        action="store_true",
        help="also measure a plain implementation in float32, in turns",
    )
    parser.add_argument("--amp", action="store_true", help="compute in bfloat16")
    parser.add_argument("--batch-size", type=int, default=16, help="images of a step")
    parser.add_argument("--repeats", type=int, default=9, help="timed runs")
    parser.add_argument(
        "--images", type=int, default=256, help="images of a run of --phase data"
    )
    parser.add_argument("--json", metavar="FILE", help="new file for the numbers")
    add_config_options(parser)
    return parser.parse_args()


def measure(args: argparse.Namespace, cfg: Config) -> dict:
    """Measure what the command line asks for."""
    if args.phase == "data":
        reference = plain_crop if args.baseline else None
        return measure_data_speed(cfg, args.images, args.repeats, reference)
    reference = require_plain(cfg.model) if args.baseline else None
    return measure_model_speed(
        cfg, args.phase, args.batch_size, args.repeats, args.amp, reference
    )


def main() -> None:
    """Measure, print and write."""
    args = parse_args()
    require_new(args.json)
    speeds = measure(args, load_config(args.config, args.cfg_options))
    machine = describe_machine()
    print_speeds(speeds, f"{args.phase}: {args.config}", machine)
    if args.json:
        write_json(args.json, dict(vars(args), machine=machine, **speeds))


if __name__ == "__main__":
    run_tool(main)
