"""Things that are counted, and of which the first are named."""

from collections.abc import Iterable

from lpt_mm.utils.text import list_some, printable

MOST_KEPT = 1000  # where every image is at fault, memory must not grow with them
MOST_PRINTED = 5


class Examples:
    """How many there are of something, and what the first of them are called."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.total = 0
        self.named: list[str] = []
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Count one more, and name it if it is among the first."""
        self.total += 1
        if len(self.named) < MOST_KEPT:
            self.named.append(printable(name))

    def __bool__(self) -> bool:
        return self.total > 0

    def __str__(self) -> str:
        return list_some(self.named, MOST_PRINTED, self.total)
