"""Tables on the screen."""

from collections.abc import Iterable, Sequence

from rich.table import Table

from lpt_mm.utils.text import for_rich


def number_table(
    title: object, columns: Iterable[str], rows: Iterable[Sequence], **options: object
) -> Table:
    """Make a table of names and of numbers, of which None is a dash, in whole cells."""
    table = Table(title=title, **options)
    for i, column in enumerate(columns):
        style = dict(justify="right", no_wrap=True) if i else dict(overflow="fold")
        table.add_column(column, **style)
    for name, *cells in rows:
        table.add_row(for_rich(name), *("-" if x is None else x for x in cells))
    return table
