"""Things that are counted, and of which the first are named."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from lpt_mm.utils.text import list_some, printable

MOST_KEPT = 1000  # where every image is at fault, memory must not grow with them
MOST_PRINTED = 5


@dataclass
class Examples:
    """How many there are of something, and what the first of them are called."""

    total: int = 0
    named: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, names: Iterable[str]) -> "Examples":
        """Count and name things."""
        examples = cls()
        for name in names:
            examples.add(name)
        return examples

    def add(self, name: str) -> None:
        """Count one more, and name it if it is among the first."""
        self.total += 1
        if len(self.named) < MOST_KEPT:
            self.named.append(printable(name))

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return self.total > 0

    def __str__(self) -> str:
        """Name the first five, and say how many more there are."""
        return list_some(self.named, MOST_PRINTED, self.total)
