"""A picture of features: LDA above t-SNE, a column for each model."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import withStroke

from lpt_mm.analysis.feature_projection import Shown
from lpt_mm.evaluation.metrics.long_tail_metric import SHOT_GROUPS

MARKERS = dict(zip(SHOT_GROUPS, "os^", strict=True))
BRIGHTEST = 0.9  # of viridis, whose end cannot be seen on white
LONGEST_NAME = 14
METHODS = ("LDA", "t-SNE")


def draw_features(
    projections: Mapping[str, Sequence[np.ndarray]],
    shown: Shown,
    label: np.ndarray,
    class_names: Sequence[str],
    path: str | Path,
) -> None:
    """Draw the test images of each model, with the names of the classes at their means.

    Args:
        projections: Coordinates (number of images, 2) by LDA and by t-SNE, by title of
            the model.
        shown: The classes that are shown.
        label: (number of images,) their class indices.
        class_names: Names of all classes, length C.
        path: Picture to write.
    """
    figure = Figure(figsize=(0.5 + 4.2 * len(projections), 9), layout="constrained")
    grid = figure.subplots(len(METHODS), len(projections), squeeze=False)
    names = [_shorten(class_names[i]) for i in shown.classes]
    for column, (title, coordinates) in zip(grid.T, projections.items(), strict=True):
        column[0].set_title(title)
        for axes, points in zip(column, coordinates, strict=True):
            _draw(axes, points, shown, label, names)
    for axes, method in zip(grid[:, 0], METHODS, strict=True):
        axes.set_ylabel(method, fontsize="large")
    figure.legend(
        handles=_legend(shown.groups),
        loc="outside lower center",
        ncols=len(SHOT_GROUPS),
        frameon=False,
        title="Dark to bright: most to least frequent class",
    )
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, format="png")


def _draw(
    axes: Axes,
    points: np.ndarray,
    shown: Shown,
    label: np.ndarray,
    names: Sequence[str],
) -> None:
    colours = colormaps["viridis"](np.linspace(0, BRIGHTEST, len(names)))
    size = 14 if len(points) < 1_000 else 6
    outline = [withStroke(linewidth=2.5, foreground="white")]
    for i, group, name, colour in zip(
        shown.classes, shown.groups, names, colours, strict=True
    ):
        own = points[label == i]
        axes.scatter(*own.T, s=size, color=colour, marker=MARKERS[group], linewidths=0)
        axes.text(
            *own.mean(axis=0),
            name,
            path_effects=outline,
            horizontalalignment="center",
            verticalalignment="center",
            fontweight="bold" if len(name) < 4 else "normal",
            fontsize="medium" if len(name) < 4 else "small",
            parse_math=False,
        )
    axes.set_xticks([])
    axes.set_yticks([])


def _legend(groups: np.ndarray) -> list[Line2D]:
    return [
        Line2D([], [], color="0.3", marker=MARKERS[name], linestyle="", label=text)
        for name in SHOT_GROUPS
        if (text := f"{name}-shot") and name in groups
    ]


def _shorten(name: str) -> str:
    """Keep the end of a name, where paths such as ``/a/airfield`` differ."""
    return name if len(name) <= LONGEST_NAME else f"…{name[1 - LONGEST_NAME :]}"
