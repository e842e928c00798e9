"""The result of a test as JSON and as CSV."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path

from mmengine.evaluator import Evaluator

from lpt_mm.evaluation.metrics import LongTailMetric
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import new_file
from lpt_mm.utils.text import for_spreadsheet, printable


def find_long_tail_metric(evaluator: Evaluator) -> LongTailMetric:
    """Find the metric that the report is made from; without it a ``ValueError``."""
    for metric in evaluator.metrics:
        if isinstance(metric, LongTailMetric):
            return metric
    raise UserError("test_evaluator has no LongTailMetric: add one to the config")


def make_report(metrics: Mapping[str, float], metric: LongTailMetric) -> dict:
    """Put together what is known of a test: its metrics by key and what made them.

    Beside them are ``shot_groups``, the convention in words; ``intervals``, those of 95
    % of the accuracies; ``shot_confusion``, see :func:`count_shot_confusion`; and
    ``classes``, the numbers of each class, None if unknown.
    """
    counts, result = metric.cls_num_list, metric.class_metrics
    names = (metric.dataset_meta or {}).get("classes") or map(str, range(len(counts)))
    columns = dict(
        name=names,
        train_images=counts,
        shot_group=metric.shot_groups.assign(counts).tolist(),
        test_images=result.test_images.tolist(),
    )
    for key in ("accuracy", "precision", "f1"):
        values = getattr(result, key).tolist()
        columns[key] = [None if x != x else x for x in values]  # NaN is no JSON
    rows = zip(*columns.values(), strict=True)
    return dict(
        metrics,
        shot_groups=str(metric.shot_groups),
        intervals=metric.intervals(),
        shot_confusion=metric.shot_confusion,
        classes=[dict(zip(columns, row, strict=True)) for row in rows],
    )


def by_observation(report: Mapping) -> dict:
    """Take the numbers by observation, if there are any, for those by image."""
    keys = {key: key.replace("observation/", "long_tail/", 1) for key in report}
    found = {new: report[key] for key, new in keys.items() if new != key}
    return dict(found, **report["observations"]) if found else {}


def read_report(path: str | Path) -> dict:
    """Read what ``tools/test.py --out`` wrote; a ``ValueError`` if it is no report."""
    try:
        report = json.loads(Path(path).read_bytes())
    except ValueError:
        report = None
    if not isinstance(report, dict) or not {"shot_groups", "classes"} <= report.keys():
        raise UserError(f"'{printable(path)}' is no file of tools/test.py --out")
    return report


def write_class_csv(path: str | Path, report: Mapping) -> None:
    """Write a line for each class, its index first, to a new file."""
    columns = "class name train_images shot_group test_images accuracy precision recall"
    with new_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*columns.split(), "f1"])
        writer.writeheader()
        for index, row in enumerate(report["classes"]):
            facts = {"class": index, **row, "name": for_spreadsheet(row["name"])}
            writer.writerow({**facts, "recall": row["accuracy"]})
