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
    """Make a progress bar whose descriptions are no markup.

    Args:
        unit: What is counted, to tell how many of them are done in a second.
        **options: Options of rich's ``Progress``.

    Returns:
        The bar, which counts steps and tells the time that is left.
    """
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        *([] if unit is None else [SpeedColumn(unit)]),
        **options,
    )


class SpeedColumn(ProgressColumn):
    """How many of something are done in a second."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        self.unit = unit

    def render(self, task: Task) -> Text:
        """Say the speed, of late or of the whole."""
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:.1f} {self.unit}/s")
