"""Make lists and configs for a folder of class folders, ready to train."""

import argparse
import re
from pathlib import Path

from mmengine.registry import init_default_scope
from rich.console import Console

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.preparation.new_configs import new_files
from lpt_mm.preparation.new_dataset import read_folder
from lpt_mm.utils.new_file import new_file, require_new
from lpt_mm.utils.text import for_rich, printable


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("folder", type=Path, help="folder with a folder per class")
    parser.add_argument("--name", required=True, help="what to call it: my_flowers")
    parser.add_argument("--seed", type=int, default=0, help="seed of the split")
    parser.add_argument(
        "--configs", type=Path, default=Path("configs"), help="folder of the configs"
    )
    args = parser.parse_args()
    if not re.fullmatch(r"[a-z]\w*", args.name):
        parser.error(f"--name must be of letters, digits and _, got {args.name!r}")
    return args


def main() -> None:
    """Split, choose settings, write."""
    args = parse_args()
    init_default_scope("mmpretrain")
    if not (args.configs / "_base_").is_dir():
        raise FileNotFoundError(
            f"'{printable(args.configs)}' is not the folder of the configs: run "
            "this in the project's folder, or set --configs"
        )
    files = new_files(read_folder(args.folder, args.seed), args.name, args.configs)
    require_new(*files)
    for path, text in files.items():
        with new_file(path) as file:
            file.write_text(text, encoding="utf-8")
    leaf = args.configs / "lpt" / f"phase1_{args.name}.py"
    console = Console(soft_wrap=True, highlight=False)
    console.print("wrote", *map(for_rich, files), sep="\n  ")
    console.print("next:")
    for step in (f"analysis_tools/check_dataset.py {leaf}", f"train.py {leaf} --amp"):
        console.print("  python tools/", for_rich(step), sep="")


if __name__ == "__main__":
    run_tool(main)
