"""Progress bars."""

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


def progress_bar(unit: str | None = None, **options: object) -> Progress:
    """Make a bar with rich's options that takes no description for markup.

    With the name of a ``unit`` it tells how many of them are done in a second.
    """
    description = TextColumn("{task.description}", markup=False)
    columns = [BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()]
    if unit is not None:
        columns.append(SpeedColumn(unit))
    return Progress(description, *columns, **options)


class SpeedColumn(ProgressColumn):
    """How many of something are done in a second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        """Say the speed, of late or of the whole."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} {self.unit}/s")
