"""Results of a plan as a CSV file and as a table in Markdown."""

import csv
import io
import json
from pathlib import Path
from statistics import mean, stdev

from lpt_mm.evaluation.tables import COLUMNS
from lpt_mm.sweep.plan import Plan, Row
from lpt_mm.sweep.speed import read_speed
from lpt_mm.utils.new_file import replace_file
from lpt_mm.utils.text import for_markdown, printable

PREFIX = "long_tail/"
SPEEDS = {"infer": "classify, images/s", "train": "train, images/s"}


def write_results(plan: Plan, root: Path, out: Path) -> Path:
    """Sum up the runs that are done; those of an earlier time are replaced.

    Args:
        plan: The plan.
        root: Folder of all runs.
        out: Folder of ``results.csv`` and ``table.md``.

    Returns:
        Path of the table.
    """
    reports = {row.name: _read_reports(plan, root, row) for row in plan.rows}
    replace_file(out / "results.csv", _make_csv(plan, reports).encode())
    speeds = {row.name: read_speed(plan, root, row) for row in plan.rows}
    replace_file(out / "table.md", _make_table(plan, reports, speeds).encode())
    return out / "table.md"


def _read_reports(plan: Plan, root: Path, row: Row) -> dict[int, dict[str, float]]:
    """Read the metrics of a row by seed."""
    reports = {}
    for seed in plan.seeds:
        file = row.folder(root, seed) / f"{plan.split}.json"
        if file.is_file():
            report = json.loads(file.read_text())
            reports[seed] = {
                key.removeprefix(PREFIX): value
                for key, value in report.items()
                if key.startswith(PREFIX)
            }
    return reports


def _make_csv(plan: Plan, reports: dict[str, dict[int, dict[str, float]]]) -> str:
    """Write a line for each run."""
    metrics = sorted(
        {key for runs in reports.values() for r in runs.values() for key in r}
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, ["row", "config", "options", "seed", *metrics])
    writer.writeheader()
    for row in plan.rows:
        facts = dict(row=printable(row.name), config=printable(row.config))
        facts["options"] = json.dumps(dict(row.options))
        for seed, report in reports[row.name].items():
            writer.writerow(facts | dict(seed=seed) | report)
    return text.getvalue()


def _make_table(
    plan: Plan,
    reports: dict[str, dict[int, dict[str, float]]],
    speeds: dict[str, dict[str, float]],
) -> str:
    """Write a line for each row, with mean and standard deviation over its seeds."""
    found = {key for runs in reports.values() for r in runs.values() for key in r}
    columns = [column for column in COLUMNS if column in found]
    measured = [key for key in SPEEDS if plan.speed]
    heads = ["", *columns, *(SPEEDS[key] for key in measured), "seeds"]
    lines = [_line(heads), _line(["---", *["---:"] * (len(heads) - 1)])]
    for row in plan.rows:
        runs = reports[row.name]
        cells = [
            _spread([run[c] for run in runs.values() if c in run]) for c in columns
        ]
        speed = [_number(speeds[row.name].get(key)) for key in measured]
        lines.append(_line([for_markdown(row.name), *cells, *speed, str(len(runs))]))
    return "\n".join(lines) + "\n"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _spread(values: list[float]) -> str:
    """Write mean ± standard deviation of a sample."""
    if not values:
        return "-"
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{mean(values):.2f} ± {stdev(values):.2f}"
