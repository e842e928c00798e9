"""Results as a table, as JSON and as a picture."""

import json
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lpt_mm.evaluation.metrics.long_tail_metric import SHOT_GROUPS, LongTailMetric

COLUMNS = ("overall", *SHOT_GROUPS, "mean_class")


def print_table(results: Mapping[str, Mapping[str, float]], title: str) -> None:
    """Print the accuracies of one or more models, one row each.

    Args:
        results: The metrics by name of the model.
        title: What stands above the table.
    """
    table = Table(title=f"Top-1 accuracy in %\n{title}")
    table.add_column("")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    for name, metrics in results.items():
        cells = (metrics.get(f"long_tail/{column}") for column in COLUMNS)
        table.add_row(name, *("-" if x is None else f"{x:.2f}" for x in cells))
    Console().print(table)


def write_report(
    path: str, metrics: Mapping[str, float], metric: LongTailMetric
) -> None:
    """Write the result of a test as JSON.

    Args:
        path: File to write.
        metrics: The metrics by key.
        metric: The metric that made them; it knows the shot groups and the classes.
    """
    names = (metric.dataset_meta or {}).get("classes")
    counts = metric.cls_num_list
    groups = metric.shot_groups.assign(counts).tolist()
    classes = [
        dict(
            name=names[i] if names else str(i),
            train_images=count,
            shot_group=groups[i],
            accuracy=None if accuracy != accuracy else accuracy,  # NaN: not tested
        )
        for i, (count, accuracy) in enumerate(
            zip(counts, metric.class_accuracy.tolist(), strict=True)
        )
    ]
    report = dict(metrics, shot_groups=str(metric.shot_groups), classes=classes)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(json.dumps(report, indent=1) + "\n")
