"""Whether images and data files are there."""

import os
from collections.abc import Iterable
from pathlib import Path

from mmpretrain.datasets.utils import calculate_md5
from rich.console import Console
from rich.progress import track

from lpt_mm.datasets.split_list import read_split_list
from lpt_mm.preparation import benchmarks
from lpt_mm.preparation.benchmarks import PartState
from lpt_mm.utils.files import has_content, visible_files
from lpt_mm.utils.text import list_some

NAMED = 5  # missing files that are named
SUFFIXES = (".jpg", ".jpeg", ".png")


def state_of_images(split: benchmarks.SplitFile, root: Path) -> PartState:
    """Look for the images that a list names, and name the first that are not there."""
    item = f"images of {split.name}"
    try:
        paths, _ = read_split_list(root / split.name)
    except (OSError, ValueError) as error:
        todo = f"get {split.name}, then run this again"
        return PartState(item, f"not checked: {error}", todo)
    missing = [x for x in _bar(paths, item) if not has_content(os.path.join(root, x))]
    if not missing:
        return PartState(item, f"all {len(paths):,} are there")
    state = f"{len(missing):,} of {len(paths):,} are missing or empty: "
    state += list_some(missing, NAMED)
    return PartState(item, state, how_to_get(split.archive, root))


def state_of_tree(tree: benchmarks.ImageTree, root: Path) -> PartState:
    """Count the classes and images of a folder with a folder per class."""
    item, folder = f"images in {tree.folder}/", root / tree.folder
    if not folder.is_dir():
        return PartState(item, "missing", how_to_get(tree.archive, root))
    folders = sorted(path for path in folder.iterdir() if path.is_dir())
    counts = [_count_images(path) for path in _bar(folders, item)]
    classes, images = sum(count > 0 for count in counts), sum(counts)
    state = f"{images:,} images in {classes:,} classes"
    if (classes, images) == (tree.classes, tree.images):
        return PartState(item, state)
    state += f" instead of {tree.images:,} in {tree.classes:,}"
    return PartState(item, state, how_to_get(tree.archive, root))


def state_of_files(files: benchmarks.DataFiles, root: Path) -> PartState:
    """Compare files with their checksums."""
    item = f"files of {files.archive.name}"
    wrong = [state for x in files.md5 if (state := _difference(root, *x))]
    if wrong:
        return PartState(item, list_some(wrong), how_to_get(files.archive, root))
    return PartState(item, f"all {len(files.md5)} are there, with the right checksums")


def _difference(root: Path, path: str, md5: str) -> str | None:
    """Say how a file differs from the one that should be there, if it does."""
    if not (root / path).is_file():
        return f"{path} is missing"
    found = calculate_md5(str(root / path))
    return None if found == md5 else f"{path} has the MD5 {found} instead of {md5}"


def _count_images(folder: Path) -> int:
    files = visible_files(str(folder))
    return sum(has_content(x) for x in files if x.lower().endswith(SUFFIXES))


def _bar(steps: list, description: str) -> Iterable:
    """Show progress on a terminal."""
    console = Console(stderr=True)
    hidden = not console.is_terminal
    return track(steps, description, console=console, disable=hidden, transient=True)


def how_to_get(archive: benchmarks.Archive, root: Path) -> str:
    """Say where images are, and what to do with them."""
    return (
        f"get {archive.name} from {archive.page} and unpack it so that '{root}' has "
        f"{archive.layout}"
    )
