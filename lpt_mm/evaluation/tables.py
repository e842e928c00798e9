"""Results as tables on the screen."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lpt_mm.evaluation.metrics import SHOT_GROUPS
from lpt_mm.utils.tables import number_table
from lpt_mm.utils.text import for_rich

COLUMNS = ("overall", *SHOT_GROUPS, "mean_class")
CLASS_COLUMNS = ("macro_f1", "worst_class", "harmonic_mean", "geometric_mean")
ECE_COLUMNS = ("ece", *(f"ece_{name}" for name in SHOT_GROUPS))


def print_tables(reports: Mapping[str, Mapping], title: str) -> None:
    """Print the metrics of reports by name of the model, in three small tables.

    They are of :func:`lpt_mm.evaluation.report.make_report`, or metrics by key alone.
    """
    tables = (
        (Text("Top-1 accuracy in %\n") + for_rich(title), COLUMNS),
        (Text("Over the classes, in %"), CLASS_COLUMNS),
        (Text("Expected calibration error in %"), ECE_COLUMNS),
    )
    console = Console()
    for heading, columns in tables:
        keys = {f"long_tail/{column}" for column in columns}
        if any(keys & report.keys() for report in reports.values()):
            console.print("", _make_table(heading, columns, reports))


def _make_table(
    title: Text, columns: Sequence[str], reports: Mapping[str, Mapping]
) -> Table:
    # Without its edges, the widest table has room for a name of 17 in 80 columns.
    table = number_table(title, ["", *columns], [], show_edge=False)
    for name, report in reports.items():
        values = [report.get(f"long_tail/{column}") for column in columns]
        cells = ("-" if x is None else f"{x:.2f}" for x in values)
        table.add_row(for_rich(name), *cells)
        bounds = [report.get("intervals", {}).get(column) for column in columns]
        if any(bounds):
            cells = ("-" if x is None else f"{x[0]:.1f}-{x[1]:.1f}" for x in bounds)
            table.add_row("95 % interval", *cells, style="dim")
    return table
