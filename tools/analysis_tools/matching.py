"""Show which prompt groups are used by which class.

``python tools/analysis_tools/matching.py CONFIG CHECKPOINT --picture matching.png``
with a phase-2 config.
"""

import argparse
from pathlib import Path

from mmengine.config import DictAction
from mmengine.runner import Runner

from lpt_mm.datasets.training_images import training_images
from lpt_mm.engine.endings import one_line_errors
from lpt_mm.engine.launch import check_start, load_config, set_test
from lpt_mm.matching import (
    draw_matching,
    examine_matching,
    require_group_prompts,
)
from lpt_mm.utils.new_file import require_new


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
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
        "--cfg-options",
        nargs="+",
        action=DictAction,
        help="config values to change, as key=value",
    )
    parser.set_defaults(work_dir=None, launcher="none", local_rank=0)
    return parser.parse_args()


def main() -> None:
    """Match images, and report."""
    args = parse_args()
    with one_line_errors((OSError, ValueError)):
        require_new(args.out, args.picture)
        cfg = load_config(args)
        require_group_prompts(cfg)
        set_test(cfg, args.checkpoint, "val" if args.split == "val" else "test")
        if args.split == "train":
            cfg.test_dataloader = training_images(cfg)
        check_start(cfg, training=False)
    runner = Runner.from_cfg(cfg)
    with one_line_errors((OSError, ValueError)):
        report = examine_matching(runner)
    report.print(f"Matching of {Path(args.checkpoint).name}, {args.split} images")
    with one_line_errors():
        if args.out:
            report.write(args.out)
        if args.picture:
            draw_matching(report, args.picture)


if __name__ == "__main__":
    main()
