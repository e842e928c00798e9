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

    Further keys are ``shot_groups``, the convention in words; ``intervals``, the
    95 % bootstrap intervals of the accuracies; ``shot_confusion``, see
    :func:`count_shot_confusion`; ``classes``, the numbers of each class, None if
    unknown.
    """
    return dict(
        metrics,
        shot_groups=str(metric.shot_groups),
        intervals=metric.intervals(),
        shot_confusion=metric.shot_confusion,
        classes=_describe_classes(metric),
    )


def _describe_classes(metric: LongTailMetric) -> list[dict]:
    counts, result = metric.cls_num_list, metric.class_metrics
    names = (metric.dataset_meta or {}).get("classes") or map(str, range(len(counts)))
    columns = dict(
        name=names,
        train_images=counts,
        shot_group=metric.shot_groups.assign(counts).tolist(),
        test_images=result.test_images.tolist(),
        accuracy=_none_if_unknown(result.accuracy.tolist()),
        precision=_none_if_unknown(result.precision.tolist()),
        f1=_none_if_unknown(result.f1.tolist()),
    )
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _none_if_unknown(values: list[float]) -> list[float | None]:
    return [None if value != value else value for value in values]  # NaN is no JSON


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
    """Write a line for each class to a new file; what is unknown is left empty.

    The columns are ``class`` (its index), ``name``, ``train_images``, ``shot_group``,
    ``test_images``, and in per cent ``accuracy``, ``precision``, ``recall`` and ``f1``.
    Within a class, accuracy and recall are the same.
    """
    columns = "class name train_images shot_group test_images accuracy precision recall"
    with new_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*columns.split(), "f1"])
        writer.writeheader()
        for index, row in enumerate(report["classes"]):
            facts = {"class": index, **row, "name": for_spreadsheet(row["name"])}
            writer.writerow({**facts, "recall": row["accuracy"]})
