"""Show which prompt groups are used by which class.

``python tools/analysis_tools/matching.py CONFIG CHECKPOINT --picture matching.png``
with a phase-2 config.
"""

import argparse
from pathlib import Path

from mmengine.runner import Runner

from lpt_mm.datasets.training_images import training_images
from lpt_mm.engine.command_line import add_config_options, make_parser, run_tool
from lpt_mm.engine.run_config import load_config
from lpt_mm.engine.start import check_start
from lpt_mm.engine.testing import set_test, use_whole_images
from lpt_mm.matching.matched_groups import examine_matching, require_group_prompts
from lpt_mm.matching.picture import draw_matching
from lpt_mm.utils.new_file import require_new


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("config", help="phase-2 config file")
    parser.add_argument("checkpoint", help="checkpoint file")
    parser.add_argument(
        "--split",
        choices=("test", "val", "train"),
        default="test",
        help="the images that are matched",
    )
    parser.add_argument("--out", metavar="JSON", help="new file for the numbers")
    parser.add_argument(
        "--picture", metavar="PNG", help="new file for a picture: usage by class"
    )
    parser.add_argument(
        "--taxonomy",
        metavar="CSV",
        help="class,parent,...; the picture puts classes of a parent beside each other",
    )
    add_config_options(parser)
    return parser.parse_args()


def main() -> None:
    """Match images, and report."""
    args = parse_args()
    require_new(args.out, args.picture)
    cfg = load_config(args.config, args.cfg_options)
    require_group_prompts(cfg)
    set_test(cfg, args.checkpoint, "val" if args.split == "val" else "test")
    use_whole_images(cfg)
    if args.split == "train":
        cfg.test_dataloader = training_images(cfg)
    check_start(cfg, training=False)
    runner = Runner.from_cfg(cfg)
    report = examine_matching(runner, args.taxonomy)
    report.print(f"Matching of {Path(args.checkpoint).name}, {args.split} images")
    if args.out:
        report.write(args.out)
    if args.picture:
        draw_matching(report, args.picture)


if __name__ == "__main__":
    run_tool(main)
