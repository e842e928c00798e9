"""Make lists and configs for a folder of class folders, ready to train."""

import argparse
import re
from contextlib import ExitStack
from pathlib import Path

from mmengine.registry import init_default_scope
from rich.console import Console

from lpt_mm.data_check.findings import few_to_validate
from lpt_mm.engine.command_line import add_group_option, make_parser, run_tool
from lpt_mm.preparation.backbone import settings_of_backbone
from lpt_mm.preparation.new_configs import new_configs, new_lists, require_own
from lpt_mm.preparation.new_dataset import NewDataset, read_folder
from lpt_mm.utils.new_file import new_file, require_new
from lpt_mm.utils.text import for_rich, list_some, printable


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("folder", type=Path, help="folder with a folder per class")
    parser.add_argument("--name", required=True, help="what to call it: my_flowers")
    parser.add_argument("--seed", type=int, default=0, help="seed of the split")
    parser.add_argument(
        "--configs", type=Path, default=Path("configs"), help="folder of the configs"
    )
    parser.add_argument(
        "--img-size",
        type=int,
        help="side of the images in pixels, by default that of the backbone: 224",
    )
    parser.add_argument(
        "--backbone",
        metavar="SOURCE",
        help="weights as in model.backbone.init_cfg.checkpoint, such as "
        "timm:vit_small_patch16_224.augreg_in21k; or photos, a small backbone that "
        "comes with lpt_mm (64 pixels, no network, minutes on a laptop)",
    )
    parser.add_argument(
        "--skip-unreadable",
        action="store_true",
        help="read every image, and leave out those that cannot be read",
    )
    add_group_option(parser, "images that stay on one side of the split")
    parser.add_argument(
        "--group-gap",
        type=float,
        metavar="SECONDS",
        help="images of a group, or else of a folder, taken one after the other within "
        "so many seconds (EXIF) stay on one side; others need not",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace the lists and configs that this tool wrote for the name before",
    )
    args = parser.parse_args()
    if not re.fullmatch(r"\w+", args.name):
        parser.error(f"--name must be of letters, digits and _, got {args.name!r}")
    return args


def write_files(files: dict[Path, str], overwrite: bool) -> None:
    """Write all files under other names, and rename them once they are complete."""
    with ExitStack() as stack:
        for path, text in files.items():
            temporary = stack.enter_context(new_file(path, overwrite))
            temporary.write_text(text, encoding="utf-8")


def say_what_is_left_out(console: Console, dataset: NewDataset) -> None:
    """Print what is in no list, and whether few images choose the checkpoint."""
    if left := dataset.left_out:
        kinds = ", ".join(f"{n:,} {ending}" for ending, n in left.most_common())
        total = left.total()
        console.print(for_rich(f"left out {total:,} files of other kinds: {kinds}"))
    if bad := dataset.unreadable:
        total = bad.total
        console.print(for_rich(f"left out {total:,} images that cannot be read: {bad}"))
    if dataset.groups:
        console.print(for_rich(dataset.describe_groups()))
        for split in ("val", "test"):
            if lacking := dataset.classes_without(split):
                names = list_some(lacking, limit=5)
                total = f"{len(lacking):,} of {len(dataset.classes):,} classes"
                console.print(
                    for_rich(f"warning: {split}: no image of {total}: {names}")
                )
    if few := few_to_validate(len(dataset.splits["val"])):
        console.print(for_rich(f"warning: val: {few}"))


def main() -> None:
    """Split, choose settings, write."""
    args = parse_args()
    init_default_scope("mmpretrain")
    if not (args.configs / "_base_").is_dir():
        raise FileNotFoundError(
            f"'{printable(args.configs)}' is not the folder of the configs: run "
            "this in the project's folder, or set --configs"
        )
    backbone = settings_of_backbone(args.backbone, args.img_size, args.configs)
    grouping = (args.group_by, args.group_gap)
    dataset = read_folder(args.folder, args.seed, args.skip_unreadable, *grouping)
    configs = new_configs(dataset, args.name, args.configs, backbone)
    files = configs | new_lists(dataset, args.name)
    (require_own if args.overwrite else require_new)(*files)
    write_files(files, args.overwrite)
    leaf = args.configs / "lpt" / f"phase1_{args.name}.py"
    console = Console(soft_wrap=True, highlight=False)
    say_what_is_left_out(console, dataset)
    console.print("wrote", *map(for_rich, files), sep="\n  ")
    console.print("next:")
    for step in (f"analysis_tools/check_dataset.py {leaf}", f"train.py {leaf} --amp"):
        console.print("  python tools/", for_rich(step), sep="")


if __name__ == "__main__":
    run_tool(main)
