"""Results as tables on the screen."""

from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from lpt_mm.evaluation.metrics import SHOT_GROUPS
from lpt_mm.evaluation.metrics.bootstrap import gain
from lpt_mm.utils.tables import number_table
from lpt_mm.utils.text import for_rich

COLUMNS = ("overall", *SHOT_GROUPS, "mean_class")
CLASS_COLUMNS = ("macro_f1", "worst_class", "harmonic_mean", "geometric_mean")
ECE_COLUMNS = ("ece", *(f"ece_{name}" for name in SHOT_GROUPS))


def print_tables(reports: Mapping[str, Mapping], title: str) -> None:
    """Print reports, or metrics, by name of the model, in three small tables."""
    for heading, columns in (
        (Text("Top-1 accuracy in %\n") + for_rich(title), COLUMNS),
        (Text("Over the classes, in %"), CLASS_COLUMNS),
        (Text("Expected calibration error in %"), ECE_COLUMNS),
    ):
        keys = [f"long_tail/{column}" for column in columns]
        if not any(set(keys) & report.keys() for report in reports.values()):
            continue
        # Without its edges, the widest table has room for a name of 17 in 80 columns.
        table = number_table(heading, ["", *columns], [], show_edge=False)
        for name, report in reports.items():
            values = (report.get(key) for key in keys)
            cells = ("-" if x is None else f"{x:.2f}" for x in values)
            table.add_row(for_rich(name), *cells)
            bounds = [report.get("intervals", {}).get(column) for column in columns]
            if any(bounds):
                cells = ("-" if x is None else f"{x[0]:.1f}-{x[1]:.1f}" for x in bounds)
                table.add_row("95 % interval", *cells, style="dim")
        Console().print("", table)


def print_gains(reports: Mapping[str, Mapping]) -> None:
    """Print the gains over the first model and the one before it, on one test set."""
    names, classes = list(reports), {k: r["classes"] for k, r in reports.items()}
    keys = ("shot_group", "test_images")
    sets = {tuple(row[k] for row in rows for k in keys) for rows in classes.values()}
    if len(names) < 2 or len(sets) > 1:
        return
    pairs = [(after, names[0]) for after in names[1:]]
    pairs += list(zip(names[2:], names[1:], strict=False))
    rows = []
    for after, before in pairs:
        cells: list[str | None] = []
        for group in (None, *SHOT_GROUPS):
            found = gain(classes[before], classes[after], group)
            cells.append(None if found is None else _describe(*found))
        rows.append((f"{after} over {before}", *cells))
    title = "Gain in points, and 95 % interval over the test images (* not by chance)"
    columns = ("", "overall", *SHOT_GROUPS)
    Console().print("", number_table(Text(title), columns, rows, show_edge=False))


def _describe(difference: float, low: float, high: float) -> str:
    sign = "" if low <= 0 <= high else " *"
    return f"{difference:+.1f}{sign}\n{low:+.1f} … {high:+.1f}"
