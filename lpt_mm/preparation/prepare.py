"""The whole of a benchmark: prepared, and told."""

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lpt_mm.preparation.benchmarks import Benchmark, PartState
from lpt_mm.preparation.fold_lists import state_of_folds
from lpt_mm.preparation.images import state_of_files, state_of_images, state_of_tree
from lpt_mm.preparation.lists import state_of_list
from lpt_mm.utils.text import for_rich, printable


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
    return [
        *(state_of_list(split, root, lists) for split in benchmark.lists),
        *(state_of_images(split, root) for split in benchmark.lists),
        *(state_of_tree(tree, root) for tree in benchmark.trees),
        *(state_of_files(files, root) for files in benchmark.files),
        *(state_of_folds(folds, root) for folds in benchmark.folds),
    ]


def print_states(states: Iterable[PartState], title: str) -> None:
    """Print a table of parts and states, and below it what to do.

    Addresses and paths would be cut to pieces in a column, so they have lines of their
    own, each once.
    """
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)  # a log has no width to wrap lines for
    table = Table(title=for_rich(title), show_lines=True)
    for column in ("item", "state", "what to do"):
        table.add_column(column, overflow="fold")
    steps: dict[str, int] = {}
    for part in states:
        step = "nothing"
        if part.todo:
            step = f"step {steps.setdefault(part.todo, len(steps) + 1)}"
        table.add_row(for_rich(part.item), for_rich(part.state), step)
    console.print(table)
    for todo, number in steps.items():
        console.print(for_rich(f"step {number}: {todo}"), soft_wrap=True)
