"""Results of a plan: a CSV file, a table in Markdown, the mean of reports."""

import csv
import io
import json
from pathlib import Path
from statistics import mean, stdev

import numpy as np

from lpt_mm.evaluation.report import read_report
from lpt_mm.evaluation.tables import COLUMNS
from lpt_mm.sweep.cost import COSTS
from lpt_mm.sweep.plan import Plan
from lpt_mm.sweep.row import Repeat, Row
from lpt_mm.sweep.speed import read_speed
from lpt_mm.utils.new_file import replace_file
from lpt_mm.utils.text import for_markdown, printable

PREFIX = "long_tail/"
SPEEDS = {"infer": "classify, images/s", "train": "train, images/s"}
Run = tuple[Row, Repeat, dict[str, float]]  # with its metrics


def write_results(plan: Plan, root: Path, out: Path) -> Path:
    """Sum up what is done in ``results.csv`` and in ``table.md``, which is returned."""
    runs = [
        (row, repeat, _read_metrics(file))
        for row in plan.rows
        for repeat, file in plan.reports(root, row).items()
        if file.is_file()
    ]
    replace_file(out / "results.csv", _make_csv(plan, root, runs).encode())
    replace_file(out / "table.md", _make_table(plan, root, runs).encode())
    return out / "table.md"


def _read_metrics(file: Path) -> dict[str, float]:
    found = read_report(file).items()
    return {k.removeprefix(PREFIX): v for k, v in found if k.startswith(PREFIX)}


def _make_csv(plan: Plan, root: Path, runs: list[Run]) -> str:
    """Write a line for each run, which ends with the folder of what was tested."""
    text, metrics = io.StringIO(), {key for *_, found in runs for key in found}
    which = ["fold", "seed"] if plan.folds else ["seed"]
    columns = ["row", "config", "options", *which, *sorted(metrics), "folder"]
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    for row, repeat, found in runs:
        facts = dict(row=printable(row.name), config=printable(row.config))
        facts["options"] = json.dumps(dict(row.options))
        facts |= {key: getattr(repeat, key) for key in which}
        facts["folder"] = str(row.source.folder(root, repeat))
        writer.writerow(facts | found)
    return text.getvalue()


def _make_table(plan: Plan, root: Path, runs: list[Run]) -> str:
    """Write a line for each row, with mean and standard deviation over its runs."""
    metrics = {key for *_, found in runs for key in found}
    wanted = dict.fromkeys((*COLUMNS, *plan.columns))
    columns = [column for column in wanted if column in metrics]
    costs = [column for column in wanted if column in COSTS]
    measured = list(SPEEDS) if plan.speed else []
    heads = ["", *columns, *(cost.replace("_", " ") for cost in costs)]
    heads += [*(SPEEDS[key] for key in measured), plan.spread]
    rows = [heads, ["---", *["---:"] * (len(heads) - 1)]]
    for row in plan.rows:
        own = [found for other, _, found in runs if other is row]
        cells = [_spread([found[c] for found in own if c in found]) for c in columns]
        speeds = read_speed(plan, root, row) if measured else {}
        facts = [COSTS[cost](row, root, plan.repeats) for cost in costs]
        facts += [speeds.get(key) for key in measured]
        cells += ["-" if value is None else f"{value:,.0f}" for value in facts]
        rows.append([for_markdown(row.name), *cells, str(len(own))])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def _spread(values: list[float]) -> str:
    """Write mean ± standard deviation of a sample."""
    if not values:
        return "-"
    spread = f" ± {stdev(values):.2f}" if len(values) > 1 else ""
    return f"{mean(values):.2f}{spread}"


def mean_report(plan: Plan, root: Path, row: Row) -> dict:
    """Average the reports of a row over its runs; a missing one is an ``OSError``.

    A class has the test images of all folds, and the shot group of the first one.
    """
    files = plan.reports(root, row).values()
    if missing := [str(file) for file in files if not file.is_file()]:
        raise FileNotFoundError(
            f"{printable(row.name)}: {len(missing)} of {len(files)} runs are not done, "
            f"such as {printable(missing[0])}: first run tools/analysis_tools/sweep.py"
        )
    reports = [read_report(file) for file in files]
    overall = "long_tail/overall"
    found = reports[0] | {overall: float(np.mean([r[overall] for r in reports]))}
    found["classes"] = []
    for of_runs in zip(*(report["classes"] for report in reports), strict=True):
        images = np.array([described["test_images"] for described in of_runs])
        values = np.array([described["accuracy"] for described in of_runs], float)
        tested = images > 0  # not every fold need have an image of the class
        accuracy = None
        if tested.any():
            accuracy = float(np.average(values[tested], weights=images[tested]))
        own = dict(accuracy=accuracy, test_images=int(images.sum()) // len(plan.seeds))
        found["classes"].append(of_runs[0] | own)
    confusions = [report["shot_confusion"] for report in reports]
    total = found["shot_confusion"] = dict(confusions[0])
    for key in ("images", "correct"):
        total[key] = np.sum([confusion[key] for confusion in confusions], 0).tolist()
    return found
