"""How the parts of a benchmark are, and how it is told."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lpt_mm.utils.text import for_rich


@dataclass(frozen=True)
class PartState:
    """The state of one part of a benchmark.

    Args:
        item: The part.
        state: How it is.
        todo: What the user should do; empty if it is in place.
    """

    item: str
    state: str
    todo: str = ""

    @property
    def in_place(self) -> bool:
        """Whether nothing is left to do."""
        return not self.todo


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
    numbers: dict[str, int] = {}
    for part in states:
        step = "nothing"
        if part.todo:
            step = f"step {numbers.setdefault(part.todo, len(numbers) + 1)}"
        table.add_row(_text(part.item), _text(part.state), step)
    console.print(table)
    for todo, number in numbers.items():
        console.print(Text(f"step {number}: ") + _text(todo), soft_wrap=True)


def _text(text: str) -> Text:
    return Text("\n").join(map(for_rich, text.split("\n")))
