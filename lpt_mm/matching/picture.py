"""A picture of which class uses which groups of prompts."""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from lpt_mm.evaluation.metrics import SHOT_GROUPS
from lpt_mm.matching.report import MatchingReport
from lpt_mm.matching.statistics import shares
from lpt_mm.utils.pictures import LONGEST_NAME, MOST_NAMED, PALETTE, save_picture
from lpt_mm.utils.text import for_picture


def draw_matching(report: MatchingReport, path: str | Path) -> None:
    """Draw how the matches of each class are spread over the groups, in a new PNG.

    Classes are marked by their shot groups or, of a report with a taxonomy, by their
    names at its last level.
    """
    label, marks, order = _mark_classes(report)
    rows = np.lexsort((-np.asarray(report.cls_num_list), order))
    usage = report.matches.sum(axis=0)
    columns = np.argsort(-usage, kind="stable")
    figure = Figure(figsize=(9, 9), layout="constrained")
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(1, 5))
    edges = np.arange(len(usage) + 1) - 0.5
    upper.stairs(usage[columns] / usage.sum(), edges, fill=True, color="0.4")
    upper.set_ylabel("share of\nall matches")
    upper.set_ylim(0)
    upper.yaxis.set_major_formatter(PercentFormatter(1))
    upper.spines[["top", "right"]].set_visible(False)
    lower.set_facecolor("0.5")  # classes without an image
    style = dict(aspect="auto", interpolation="nearest", cmap="viridis", vmin=0)
    image = lower.imshow(shares(report.matches)[rows][:, columns], **style)
    bars = _draw_marks(lower, marks, order[rows])
    if len(bars) <= len(PALETTE):  # colours tell no more names apart
        figure.legend(handles=bars, loc="outside upper center", ncols=3, frameon=False)
    lower.set_ylabel(label)
    if len(rows) <= MOST_NAMED:
        names = [for_picture(report.class_names[i], LONGEST_NAME) for i in rows]
        lower.set_yticks(range(len(rows)), names)
    lower.set_xlabel("group, most used first")
    places = range(len(columns)) if len(columns) <= MOST_NAMED else []
    lower.set_xticks(places, columns[places], fontsize=8)
    scale = dict(label="share of the class's matches", format=PercentFormatter(1))
    figure.colorbar(image, ax=lower, **scale)
    save_picture(figure, path)


def _mark_classes(report: MatchingReport) -> tuple[str, list[str], np.ndarray]:
    """Say how classes are sorted, as what they are marked, and (C,) as which of it."""
    if report.taxonomy is None:
        label = "class, most frequent in training first"
        names = list(SHOT_GROUPS)
        place = np.array([names.index(shot) for shot in report.shot_of_class])
        return label, [f"{name}-shot" for name in names], place
    level, *names = [
        for_picture(x, LONGEST_NAME)
        for x in (report.taxonomy.levels[-1], *report.taxonomy.nodes[-1])
    ]
    label = f"class, by {level}, most frequent in training first"
    return label, names, report.taxonomy.node_of[-1]


def _draw_marks(axes: Axes, names: Sequence[str], place: np.ndarray) -> list[Line2D]:
    """Mark the names of rows, which follow each other, with bars beside the map."""
    style = dict(linewidth=7, solid_capstyle="butt", clip_on=False)
    style["transform"] = axes.get_yaxis_transform()
    bars = []
    for i, (name, colour) in enumerate(zip(names, cycle(PALETTE), strict=False)):
        rows = np.flatnonzero(place == i)
        if not rows.size:
            continue
        start, end = rows[0] - 0.5, rows[-1] + 0.5
        line = ([1.015, 1.015], [start, end])
        bars += axes.plot(*line, color=colour, label=name, **style)
        if start > 0:
            axes.axhline(start, color="white", linewidth=1.5)
    return bars
