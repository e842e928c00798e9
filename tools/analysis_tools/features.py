"""Compare features: ``python tools/analysis_tools/features.py CONFIG CHECKPOINT``.

K-NN accuracy and distances of the test images' features, of one model or several beside
each other: ``features.py CONFIG CHECKPOINT [CONFIG CHECKPOINT ...]``. The first row is
the frozen backbone of the first config.
"""

import argparse

from mmengine.config import Config

from lpt_mm.engine.command_line import add_config_options, make_parser, run_tool
from lpt_mm.engine.run_config import load_config
from lpt_mm.engine.start import check_start
from lpt_mm.engine.testing import set_test
from lpt_mm.evaluation.metrics import shot_groups_of
from lpt_mm.features.comparison import compare_features
from lpt_mm.features.extraction import frozen_backbone
from lpt_mm.utils.files import short_names
from lpt_mm.utils.json_file import write_json
from lpt_mm.utils.new_file import require_new


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__)
    parser.add_argument(
        "models", nargs="+", metavar="CONFIG CHECKPOINT", help="trained models"
    )
    parser.add_argument(
        "--neighbors", type=int, default=10, help="training images that vote in K-NN"
    )
    parser.add_argument("--out", metavar="JSON", help="new file for the numbers")
    parser.add_argument(
        "--picture", metavar="PNG", help="new file for a picture: LDA and t-SNE"
    )
    add_config_options(parser)
    args = parser.parse_args()
    if len(args.models) % 2:
        parser.error("name a checkpoint after each config")
    return args


def load_models(args: argparse.Namespace) -> dict[str, Config]:
    """Complete the config of each model, by name, the frozen backbone first."""
    configs, checkpoints = args.models[::2], args.models[1::2]
    names = short_names(configs if len(set(configs)) == len(configs) else checkpoints)
    cfgs: dict[str, Config] = {}
    for name, config, checkpoint in zip(names, configs, checkpoints, strict=True):
        cfg = load_config(config, args.cfg_options)
        if not cfgs:
            cfgs["frozen"] = frozen_backbone(cfg)
            set_test(cfgs["frozen"], None, "test")
        set_test(cfg, checkpoint, "test")
        cfgs[name] = cfg
    for cfg in cfgs.values():
        check_start(cfg, training=False)
    return cfgs


def main() -> None:
    """Compare, print and write."""
    args = parse_args()
    require_new(args.out, args.picture)
    cfgs = load_models(args)
    shot_groups = shot_groups_of(cfgs["frozen"])
    comparison = compare_features(cfgs, shot_groups, args.neighbors)
    comparison.print()
    if args.out:
        write_json(args.out, comparison.as_dict())
    if args.picture:
        comparison.draw(args.picture)


if __name__ == "__main__":
    run_tool(main)
