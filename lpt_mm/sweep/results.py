"""Results of a plan: a CSV file, a table in Markdown, the mean of reports."""

import csv
import io
import json
from pathlib import Path
from statistics import mean, stdev

import numpy as np

from lpt_mm.evaluation.tables import COLUMNS
from lpt_mm.sweep.plan import Plan, Row
from lpt_mm.sweep.speed import read_speed
from lpt_mm.utils.new_file import replace_file
from lpt_mm.utils.text import for_markdown, printable

PREFIX = "long_tail/"
SPEEDS = {"infer": "classify, images/s", "train": "train, images/s"}
Metrics = dict[str, dict[int, dict[str, float]]]  # by row, seed and key


def write_results(plan: Plan, root: Path, out: Path) -> Path:
    """Write ``results.csv`` and ``table.md``, which is returned, of what is done."""
    metrics: Metrics = {}
    for row in plan.rows:
        files = plan.reports(root, row)
        done = {seed: _metrics(file) for seed, file in files.items() if file.is_file()}
        metrics[row.name] = done
    replace_file(out / "results.csv", _make_csv(plan, metrics).encode())
    speeds = {row.name: read_speed(plan, root, row) for row in plan.rows}
    replace_file(out / "table.md", _make_table(plan, metrics, speeds).encode())
    return out / "table.md"


def mean_report(plan: Plan, root: Path, row: Row) -> dict:
    """Average the reports of a row over its seeds; a missing one is an ``OSError``."""
    files = plan.reports(root, row).values()
    if missing := [str(file) for file in files if not file.is_file()]:
        raise FileNotFoundError(
            f"{printable(row.name)}: {len(missing)} of {len(files)} runs are not done, "
            f"such as {printable(missing[0])}: first run tools/analysis_tools/sweep.py"
        )
    reports = list(map(_read, files))
    overall = [report["long_tail/overall"] for report in reports]
    classes = []
    for of_seeds in zip(*(report["classes"] for report in reports), strict=True):
        values = [row["accuracy"] for row in of_seeds]
        accuracy = None if None in values else float(np.mean(values))
        classes.append(dict(of_seeds[0], accuracy=accuracy))
    confusions = [report["shot_confusion"] for report in reports]
    total = dict(confusions[0])
    for key in ("images", "correct"):
        total[key] = np.sum([confusion[key] for confusion in confusions], 0).tolist()
    found = dict(reports[0], classes=classes, shot_confusion=total)
    return found | {"long_tail/overall": float(np.mean(overall))}


def _read(file: Path) -> dict:
    return json.loads(file.read_text())


def _metrics(file: Path) -> dict[str, float]:
    found = _read(file).items()
    return {k.removeprefix(PREFIX): v for k, v in found if k.startswith(PREFIX)}


def _keys(metrics: Metrics) -> set[str]:
    return {key for runs in metrics.values() for run in runs.values() for key in run}


def _make_csv(plan: Plan, metrics: Metrics) -> str:
    """Write a line for each run."""
    text = io.StringIO()
    columns = ["row", "config", "options", "seed", *sorted(_keys(metrics))]
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    for row in plan.rows:
        facts = dict(row=printable(row.name), config=printable(row.config))
        facts["options"] = json.dumps(dict(row.options))
        for seed, run in metrics[row.name].items():
            writer.writerow(facts | dict(seed=seed) | run)
    return text.getvalue()


def _make_table(plan: Plan, metrics: Metrics, speeds: dict[str, dict]) -> str:
    """Write a line for each row, with mean and standard deviation over its seeds."""
    found = _keys(metrics)
    columns = [column for column in COLUMNS if column in found]
    measured = list(SPEEDS) if plan.speed else []
    heads = ["", *columns, *(SPEEDS[key] for key in measured), "seeds"]
    rows = [heads, ["---", *["---:"] * (len(heads) - 1)]]
    for row in plan.rows:
        runs = metrics[row.name]
        cells = [_spread([r[c] for r in runs.values() if c in r]) for c in columns]
        speed = (speeds[row.name].get(key) for key in measured)
        cells += ["-" if value is None else f"{value:,.0f}" for value in speed]
        rows.append([for_markdown(row.name), *cells, str(len(runs))])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def _spread(values: list[float]) -> str:
    """Write mean ± standard deviation of a sample."""
    if not values:
        return "-"
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{mean(values):.2f} ± {stdev(values):.2f}"
