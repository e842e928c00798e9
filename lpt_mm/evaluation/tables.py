"""Results as tables on the screen."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from lpt_mm.evaluation.metrics import SHOT_GROUPS

COLUMNS = ("overall", *SHOT_GROUPS, "mean_class")
FURTHER_COLUMNS = (
    "macro_f1",
    "worst_class",
    "harmonic_mean",
    "geometric_mean",
    "ece",
    *(f"ece_{name}" for name in SHOT_GROUPS),
)


def print_tables(reports: Mapping[str, Mapping], title: str) -> None:
    """Print the accuracies of one or more models, then the further metrics.

    Args:
        reports: By name of the model the metrics by key, and the ``intervals`` if there
            are any.
        title: What stands above the accuracies.
    """
    console = Console()
    table = _make_table(f"Top-1 accuracy in %\n{title}", COLUMNS)
    for name, report in reports.items():
        _add_metrics(table, name, report, COLUMNS)
        if intervals := report.get("intervals"):
            bounds = (intervals.get(column) for column in COLUMNS)
            cells = ("-" if x is None else f"{x[0]:.1f} - {x[1]:.1f}" for x in bounds)
            table.add_row("  95 % interval", *cells, style="dim")
    console.print(table)
    further = [c for c in FURTHER_COLUMNS if _is_known(c, reports)]
    if further:
        table = _make_table("Over the classes, and calibration, in %", further)
        for name, report in reports.items():
            _add_metrics(table, name, report, further)
        console.print(table)


def _is_known(column: str, reports: Mapping[str, Mapping]) -> bool:
    return any(f"long_tail/{column}" in report for report in reports.values())


def _make_table(title: str, columns: tuple[str, ...] | list[str]) -> Table:
    table = Table(title=title)
    table.add_column("")
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right")  # so that it wraps
    return table


def _add_metrics(
    table: Table, name: str, report: Mapping, columns: tuple[str, ...] | list[str]
) -> None:
    cells = (report.get(f"long_tail/{column}") for column in columns)
    table.add_row(name, *("-" if x is None else f"{x:.2f}" for x in cells))
