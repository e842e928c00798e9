"""The whole of a benchmark."""

from pathlib import Path

from lpt_mm.preparation.images import state_of_files, state_of_images, state_of_tree
from lpt_mm.preparation.lists import ListPreparation
from lpt_mm.preparation.part_state import PartState
from lpt_mm.preparation.parts import Benchmark
from lpt_mm.utils.text import printable


def prepare(
    benchmark: Benchmark, root: Path, lists: Path | None = None
) -> list[PartState]:
    """Check what is there of a benchmark, and add the lists that can be had.

    Nothing that exists is changed. The folder ``root`` is made if there is a list to
    put into it; in ``lists`` the user has copies of lists or JSON files.
    """
    if root.exists() and not root.is_dir():
        raise NotADirectoryError(f"'{printable(root)}' is no folder")
    if lists is not None and not lists.is_dir():
        raise NotADirectoryError(f"there is no folder '{printable(lists)}'")
    states = [ListPreparation(split, root, lists).run() for split in benchmark.lists]
    states += [state_of_images(split, root) for split in benchmark.lists]
    states += [state_of_tree(tree, root) for tree in benchmark.trees]
    states += [state_of_files(files, root) for files in benchmark.files]
    return states
