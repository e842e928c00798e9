"""Results as a table, as JSON and as a picture."""

import json
from collections.abc import Mapping
from itertools import cycle
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mmengine.evaluator import Evaluator
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


def find_long_tail_metric(evaluator: Evaluator) -> LongTailMetric:
    """Find the metric that the table is made from.

    Args:
        evaluator: The evaluator of the test set.

    Returns:
        Its ``LongTailMetric``.

    Raises:
        ValueError: If it has none.
    """
    for metric in evaluator.metrics:
        if isinstance(metric, LongTailMetric):
            return metric
    raise ValueError("test_evaluator has no LongTailMetric: add one to the config")


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


def draw_accuracy_over_frequency(
    reports: Mapping[str, Mapping], path: str | Path
) -> None:
    """Draw the accuracy of each class, most frequent class first.

    Args:
        reports: Reports as written by :func:`write_report`, by name of the model.
        path: Picture to write.
    """
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    classes = next(iter(reports.values()))["classes"]
    order = sorted(range(len(classes)), key=lambda i: -classes[i]["train_images"])
    _shade_shot_groups(upper, [classes[i]["shot_group"] for i in order])
    for (name, report), marker in zip(reports.items(), cycle("os^Dv")):
        accuracy = [report["classes"][i]["accuracy"] for i in order]
        overall = report["long_tail/overall"]
        upper.plot(
            range(len(order)),
            [float("nan") if value is None else value for value in accuracy],
            marker=marker,
            markersize=7 if len(order) <= 40 else 3,
            linewidth=1.5 if len(order) <= 40 else 0.5,
            label=f"{name}: {overall:.1f} % overall",
        )
    upper.set_ylabel("accuracy of the class (%)")
    upper.legend(loc="lower left")
    upper.grid(axis="y", alpha=0.3)
    lower.bar(
        range(len(order)), [classes[i]["train_images"] for i in order], color="0.5"
    )
    lower.set_yscale("log")
    lower.set_ylabel("training images")
    lower.set_xlabel("class, most frequent first")
    if len(order) <= 40:
        lower.set_xticks(range(len(order)), [classes[i]["name"] for i in order])
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def _shade_shot_groups(axes: Axes, groups: list[str]) -> None:
    """Set off the shot groups, which follow each other along the axis."""
    for name, shade in zip(SHOT_GROUPS, ("0.97", "0.92", "0.87"), strict=True):
        if name not in groups:
            continue
        start = groups.index(name) - 0.5
        end = start + groups.count(name)
        axes.axvspan(start, end, color=shade, zorder=0)
        axes.text(
            (start + end) / 2,
            1.01,
            f"{name}-shot",
            transform=axes.get_xaxis_transform(),
            ha="center",
        )
