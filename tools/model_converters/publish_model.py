"""Write a pack, the model in one file: ``publish_model.py CONFIG CHECKPOINT OUT``.

``lpt_mm.load`` uses it without any config. A model without training has no CHECKPOINT.
"""

from lpt_mm.engine.command_line import (
    add_config_options,
    add_tta_option,
    make_parser,
    run_tool,
)
from lpt_mm.engine.run_config import load_config
from lpt_mm.engine.testing import use_crops
from lpt_mm.inference.packing import find_config, publish
from lpt_mm.weights.pack import require_pack_name


def main() -> None:
    """Read config and checkpoint, write the pack."""
    parser = make_parser(__doc__)
    parser.add_argument("config", help="config file, or the folder of a run")
    parser.add_argument("checkpoint", nargs="?", help="checkpoint of the config")
    parser.add_argument("out", help="file NAME.safetensors, which must not exist")
    parser.add_argument("--report", help="file of tools/test.py --out, to go with it")
    add_tta_option(parser)
    add_config_options(parser)
    args = parser.parse_args()
    require_pack_name(args.out)
    cfg = load_config(find_config(args.config), args.cfg_options)
    if args.tta:
        use_crops(cfg)
    publish(cfg, args.checkpoint, args.out, args.report)


if __name__ == "__main__":
    run_tool(main)
