"""Images in a folder with a folder per class."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lpt_mm.datasets.split_list import is_listable
from lpt_mm.datasets.transforms.image_file import EXTENSIONS
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.files import visible_files
from lpt_mm.utils.text import printable


@dataclass
class ClassFolders:
    """What a folder of class folders holds; hidden files and folders are passed over.

    Args:
        classes: Names of the class folders in alphabetical order.
        paths: Paths of the images relative to the whole data set's folder.
        labels: The class index of each.
        left_out: How many files of which ending are no images that can be read.
    """

    classes: tuple[str, ...]
    paths: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def read(root: Path, split: str = "") -> ClassFolders:
    """Find the images of the class folders in ``root / split``."""
    folder = root / split
    found = ClassFolders(tuple(sorted(map(str, visible_folders(folder)))))
    for label, name in enumerate(found.classes):
        for path in sorted(visible_files(str(folder / name), links=True)):
            if not path.lower().endswith(EXTENSIONS):
                found.left_out[Path(path).suffix.lower() or "no ending"] += 1
                continue
            path = Path(path).relative_to(root).as_posix()
            if not is_listable(path):
                raise UserError(f"a list cannot hold the path {path!r}: rename it")
            found.paths.append(path)
            found.labels.append(label)
    return found


def visible_folders(folder: Path) -> Iterator[str]:
    """Give the names of the folders in a folder that are not hidden."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir() and not entry.name.startswith("."):
                yield entry.name


def refuse_loops(folder: str | Path, above: tuple[str, ...] = ()) -> None:
    """Refuse links to a folder that they lie in, which would be followed for ever."""
    path = os.path.realpath(folder)
    if path in above:
        raise UserError(
            f"'{printable(folder)}' is a link to a folder that it lies in: remove it"
        )
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                refuse_loops(entry.path, (*above, path))
