"""The whole of a benchmark."""

from pathlib import Path

from lpt_mm.preparation.check import check_checksums, check_images, check_tree
from lpt_mm.preparation.lists import ListPreparation
from lpt_mm.preparation.part_state import PartState
from lpt_mm.preparation.parts import Benchmark
from lpt_mm.utils.text import printable


def prepare(
    benchmark: Benchmark, root: Path, lists: Path | None = None
) -> list[PartState]:
    """Check what is there of a benchmark, and add the lists that can be had.

    Nothing that exists is changed.

    Args:
        benchmark: The benchmark.
        root: Its folder; made if there is a list to put into it.
        lists: Folder in which the user has copies of lists or JSON files.

    Returns:
        The state of each part.

    Raises:
        NotADirectoryError: If one of the folders is none.
    """
    if root.exists() and not root.is_dir():
        raise NotADirectoryError(f"'{printable(root)}' is no folder")
    if lists is not None and not lists.is_dir():
        raise NotADirectoryError(f"there is no folder '{printable(lists)}'")
    states = [ListPreparation(split, root, lists).run() for split in benchmark.lists]
    states += [check_images(split, root) for split in benchmark.lists]
    states += [check_tree(tree, root) for tree in benchmark.trees]
    states += [check_checksums(files, root) for files in benchmark.files]
    return states
