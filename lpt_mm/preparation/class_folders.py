"""Images in a folder with a folder per class."""

import os
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from lpt_mm.data_check.examples import Examples
from lpt_mm.data_check.parallel_check import checked_parts
from lpt_mm.datasets.split_list import is_listable
from lpt_mm.datasets.transforms.image_file import EXTENSIONS
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.files import visible_files
from lpt_mm.utils.progress import progress_bar
from lpt_mm.utils.text import printable


@dataclass
class ClassFolders:
    """The images of a folder of class folders, as a data set for the image check."""

    root: Path  # of the whole data set
    classes: tuple[str, ...]  # names of the folders in alphabetical order
    images: list[tuple[str, int]] = field(default_factory=list)  # path in root, label
    left_out: Counter[str] = field(default_factory=Counter)  # other files, by ending

    def __len__(self) -> int:
        """Count the images."""
        return len(self.images)

    def get_data_info(self, index: int) -> dict:
        """Say where an image is."""
        return dict(img_path=str(self.root / self.images[index][0]))


def read(root: Path, split: str = "", left_out: Collection[str] = ()) -> ClassFolders:
    """Find the images of the class folders in ``root / split``, but hidden ones."""
    folder = root / split
    names = (name for name in visible_folders(folder) if name not in left_out)
    found = ClassFolders(root, tuple(names))
    for label, name in enumerate(found.classes):
        for file in sorted(visible_files(str(folder / name), links=True)):
            if not file.lower().endswith(EXTENSIONS):
                found.left_out[Path(file).suffix.lower() or "no ending"] += 1
                continue
            path = Path(file).relative_to(root).as_posix()
            if not is_listable(path):
                raise UserError(f"a list cannot hold the path {path!r}: rename it")
            found.images.append((path, label))
    return found


def visible_folders(folder: Path) -> tuple[str, ...]:
    """Name the folders in a folder that are not hidden, in alphabetical order."""
    names = (path.name for path in folder.iterdir() if path.is_dir())
    return tuple(sorted(name for name in names if not name.startswith(".")))


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


def drop_unreadable(parts: Sequence[ClassFolders]) -> Examples:
    """Read all images, and take those that are none off the lists."""
    faulty: list[set[int]] = [set() for _ in parts]
    bar = progress_bar(console=Console(stderr=True))
    with checked_parts(parts) as checked, bar as progress:
        task = progress.add_task("images", total=sum(map(len, parts)))
        for found in checked:
            faulty[found.split] |= {found.start + fault[0] for fault in found.faults}
            progress.advance(task, len(found.labels))
    dropped = Examples()
    for part, indices in zip(parts, faulty, strict=True):
        for i in sorted(indices):
            dropped.add(part.images[i][0])
        part.images = [x for i, x in enumerate(part.images) if i not in indices]
    return dropped
