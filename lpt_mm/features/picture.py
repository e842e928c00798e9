"""A picture of features: LDA above t-SNE, a column for each model."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from lpt_mm.evaluation.metrics import SHOT_GROUPS
from lpt_mm.features.projection import PROJECTIONS, ImageSelection
from lpt_mm.utils.pictures import save_picture
from lpt_mm.utils.text import for_picture, printable

MARKERS = dict(zip(SHOT_GROUPS, "os^", strict=True))
BRIGHTEST = 0.9  # of viridis, whose end cannot be seen on white
FEW_POINTS = 1_000  # that may be large
LONGEST_NAME = 28


def draw_features(
    projections: Mapping[str, Sequence[np.ndarray]],
    selection: ImageSelection,
    label: np.ndarray,
    class_names: Sequence[str],
    path: str | Path,
) -> None:
    """Draw the test images of models by title, as points (n, 2) by LDA and t-SNE."""
    figure = Figure(figsize=(2 + 4.2 * len(projections), 9), layout="constrained")
    grid = figure.subplots(len(PROJECTIONS), len(projections), squeeze=False)
    classes, groups = selection.classes.tolist(), selection.groups
    # The colour is by frequency, and the marker by shot group.
    colours = colormaps["viridis"](np.linspace(0, BRIGHTEST, len(classes)))
    rows = zip(classes, groups, colours, strict=True)
    styles = {i: dict(color=c, marker=MARKERS[group]) for i, group, c in rows}
    for column, (title, coordinates) in zip(grid.T, projections.items(), strict=True):
        column[0].set_title(title)
        for axes, points in zip(column, coordinates, strict=True):
            _draw(axes, points, label, styles)
    for axes, method in zip(grid[:, 0], PROJECTIONS, strict=True):
        axes.set_ylabel(method, fontsize="large")
    handles = [
        Line2D([], [], linestyle="", label=_legend_name(i, class_names[i]), **style)
        for i, style in styles.items()
    ]
    style = dict(loc="outside right center", frameon=False)
    title = "Classes, most\nfrequent first"
    figure.legend(handles=handles, title=title, **style)
    style = dict(color="0.3", linestyle="")
    handles = [
        Line2D([], [], marker=marker, label=f"{name}-shot", **style)
        for name, marker in MARKERS.items()
        if name in groups
    ]
    style = dict(loc="outside lower center", frameon=False)
    figure.legend(handles=handles, ncols=len(handles), **style)
    save_picture(figure, path, dpi=110)


def _draw(
    axes: Axes, points: np.ndarray, label: np.ndarray, styles: Mapping[int, dict]
) -> None:
    """Draw points by class, with its index at their mean."""
    outline = [withStroke(linewidth=2.5, foreground="white")]
    text = dict(ha="center", va="center", fontweight="bold", path_effects=outline)
    size = 14 if len(points) < FEW_POINTS else 6
    for i, style in styles.items():
        own = points[label == i]
        axes.scatter(*own.T, s=size, linewidths=0, **style)
        axes.text(*own.mean(axis=0), str(i), **text)
    axes.set_xticks([])
    axes.set_yticks([])


def _legend_name(index: int, name: str) -> str:
    name = printable(name)
    if len(name) > LONGEST_NAME:  # the ends of paths differ
        name = f"…{name[1 - LONGEST_NAME :]}"
    return for_picture(name if name == str(index) else f"{index}  {name}")
