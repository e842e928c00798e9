"""Whether images and data files are there."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from lpt_mm.datasets.split_list import read_split_list
from lpt_mm.preparation.part_state import PartState
from lpt_mm.preparation.parts import Archive, DataFiles, ImageTree, SplitFile
from lpt_mm.utils.files import has_content

NAMED = 5  # missing files that are named
SUFFIXES = (".jpg", ".jpeg", ".png")

T = TypeVar("T")


def state_of_images(split: SplitFile, root: Path) -> PartState:
    """Look for the images that a list names, and name the first that are not there."""
    item, todo = f"images of {split.name}", f"get {split.name}, then run this again"
    try:
        paths, _ = read_split_list(root / split.name)
    except OSError:
        return PartState(item, "not checked", todo)
    except ValueError as error:
        return PartState(item, f"not checked: {error}", todo)
    missing = [
        path for path in _bar(paths, item) if not has_content(os.path.join(root, path))
    ]
    if not missing:
        return PartState(item, f"all {len(paths):,} are there")
    names = [*missing[:NAMED], *(["..."] if len(missing) > NAMED else [])]
    state = f"{len(missing):,} of {len(paths):,} are missing or empty:"
    return PartState(item, "\n".join([state, *names]), _todo(split.archive, root))


def state_of_tree(tree: ImageTree, root: Path) -> PartState:
    """Count the classes and images of a folder with a folder per class."""
    item, folder = f"images in {tree.folder}/", root / tree.folder
    if not folder.is_dir():
        return PartState(item, "missing", _todo(tree.archive, root))
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    counts = [_count_images(path) for path in _bar(folders, item)]
    classes, images = sum(count > 0 for count in counts), sum(counts)
    state = f"{images:,} images in {classes:,} classes"
    if (classes, images) == (tree.classes, tree.images):
        return PartState(item, state)
    state += f" instead of {tree.images:,} in {tree.classes:,}"
    return PartState(item, state, _todo(tree.archive, root))


def state_of_files(files: DataFiles, root: Path) -> PartState:
    """Compare files with their checksums."""
    faults = [
        f"{path}: {fault}"
        for path, md5 in files.md5
        if (fault := _fault(root / path, md5))
    ]
    item = f"files of {files.archive.name}"
    if faults:
        return PartState(item, "\n".join(faults), _todo(files.archive, root))
    return PartState(item, f"all {len(files.md5)} are there, with the right checksums")


def _fault(file: Path, md5: str) -> str | None:
    if not file.is_file():
        return "missing"
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "md5").hexdigest()
    return None if digest == md5 else f"its md5 is {digest}, not {md5}"


def _count_images(folder: Path) -> int:
    with os.scandir(folder) as entries:
        names = [e.path for e in entries if e.name.lower().endswith(SUFFIXES)]
    return sum(map(has_content, names))


def _bar(steps: list[T], description: str) -> Iterable[T]:
    """Show progress on a terminal."""
    console = Console(stderr=True)
    hidden = not console.is_terminal
    return track(steps, description, console=console, disable=hidden, transient=True)


def _todo(archive: Archive, root: Path) -> str:
    return (
        f"get {archive.name} from {archive.page} and unpack it so that '{root}' has "
        f"{archive.layout}"
    )
