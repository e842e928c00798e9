"""A forest plot: what rows are better or worse by, and how surely."""

from collections.abc import Mapping
from math import isnan
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lpt_mm.sweep.paired import Difference
from lpt_mm.utils.pictures import BLACK, BLUE, SKY_BLUE, save_picture
from lpt_mm.utils.text import for_picture

LINE = 0.55  # inches a comparison
PANEL = 2.1  # inches wide
LONGEST = 45  # characters of a row's name
BEYOND = 3.0  # of the widest interval over images is drawn of those over runs


def draw_forest(
    differences: Mapping[tuple[str, str], Mapping[str, Difference]],
    runs: str,
    path: str | Path,
) -> None:
    """Draw a line for each comparison and a panel for each accuracy, in a new PNG.

    A thick line is the interval of 95 % over images, a thin one that over runs, which
    leaves the panel where it is far wider; the dot is full where both are without 0.

    Args:
        differences: By names of row and reference.
        runs: What runs differ in, ``'seeds'`` or ``'folds'``.
        path: The file.
    """
    measures = list(dict.fromkeys(name for own in differences.values() for name in own))
    size = (3.5 + PANEL * len(measures), 1.4 + LINE * len(differences))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for axes, measure in zip(panels, measures, strict=True):
        own = {
            place: found[measure]
            for place, found in enumerate(differences.values())
            if measure in found
        }
        _draw_panel(axes, own)
        axes.set_title(measure, fontsize="medium")
    names = [
        f"{for_picture(row, LONGEST)}\nover {for_picture(reference, LONGEST)}"
        for row, reference in differences
    ]
    panels[0].set_yticks(range(len(names)), names, fontsize="small")
    panels[0].set_ylim(len(names) - 0.5, -0.5)  # the first one on top
    figure.supxlabel("difference in points of a per cent", fontsize="medium")
    figure.legend(
        handles=_explain(runs), loc="outside upper center", ncols=3, fontsize="small"
    )
    save_picture(figure, path)


def _draw_panel(axes: Axes, found: Mapping[int, Difference]) -> None:
    """Draw the differences of an accuracy by place."""
    axes.axvline(0, color="0.4", linewidth=1)
    for place, one in found.items():
        axes.plot(one.run_interval, [place] * 2, color=BLACK, linewidth=1, marker="|")
        thick = dict(color=SKY_BLUE, linewidth=6, solid_capstyle="butt", zorder=1.5)
        axes.plot(one.image_interval, [place] * 2, **thick)
        face = BLUE if one.is_clear else "white"
        axes.plot(one.value, place, "o", color=BLUE, markerfacecolor=face)
        above = dict(xytext=(0, 6), textcoords="offset points", ha="center")
        axes.annotate(f"{one.value:+.2f}", (one.value, place), fontsize=7, **above)
    half = [one.image_interval[1] - one.value for one in found.values()]
    reach = BEYOND * np.nanmax([*half, 0.1])
    ends = [0.0]
    for one in found.values():
        for low, high in (one.image_interval, one.run_interval):
            if not isnan(low):
                ends += [max(low, one.value - reach), min(high, one.value + reach)]
    margin = 0.05 * (max(ends) - min(ends))
    axes.set_xlim(min(ends) - margin, max(ends) + margin)
    axes.grid(axis="x", alpha=0.3)
    axes.tick_params(axis="y", length=0)


def _explain(runs: str) -> list[Line2D]:
    """Make what stands in the legend."""
    return [
        Line2D([], [], color=SKY_BLUE, linewidth=6, label="95 % over images"),
        Line2D([], [], color=BLACK, linewidth=1, label=f"95 % over {runs}"),
        Line2D(
            *([], []),
            color=BLUE,
            marker="o",
            linestyle="",
            label="full: both without 0",
        ),
    ]
