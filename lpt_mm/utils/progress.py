"""Progress bars."""

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)


def progress_bar(**options: object) -> Progress:
    """Make a progress bar whose descriptions are no markup.

    Args:
        **options: Options of rich's ``Progress``.

    Returns:
        The bar, which counts steps and tells the time that is left.
    """
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        **options,
    )
