"""Progress bars."""

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)


def progress_bar(**options: object) -> Progress:
    """Make a bar with rich's options that takes no description for markup."""
    description = TextColumn("{task.description}", markup=False)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(description, *columns, **options)
