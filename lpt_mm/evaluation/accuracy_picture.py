"""A picture of the accuracy of each class."""

from collections.abc import Mapping
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from lpt_mm.evaluation.metrics import SHOT_GROUPS
from lpt_mm.utils.pictures import LONGEST_NAME, MOST_NAMED, PALETTE, save_picture
from lpt_mm.utils.text import for_picture

LINE = 80  # characters that fit side by side


def draw_accuracy_over_frequency(
    reports: Mapping[str, Mapping], path: str | Path
) -> None:
    """Draw the accuracy of each class by model, most frequent first, in a new PNG.

    Of many classes, lines are the means over a tenth of them, those beside a class.
    """
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(3, 1))
    upper.set_prop_cycle(color=PALETTE)
    classes = next(iter(reports.values()))["classes"]
    order = sorted(range(len(classes)), key=lambda i: -classes[i]["train_images"])
    groups = [classes[i]["shot_group"] for i in order]  # they follow each other
    above = dict(transform=upper.get_xaxis_transform(), ha="center")
    for name, shade in zip(SHOT_GROUPS, ("0.97", "0.92", "0.87"), strict=True):
        if name in groups:
            start = groups.index(name) - 0.5
            end = start + groups.count(name)
            upper.axvspan(start, end, color=shade, zorder=0)
            upper.text((start + end) / 2, 1.01, f"{name}-shot", **above)
    few = len(order) <= MOST_NAMED
    style = dict(markersize=7, linewidth=1.5) if few else dict(linewidth=2)
    for (name, report), marker in zip(reports.items(), cycle("os^Dv")):
        accuracy = np.array([report["classes"][i]["accuracy"] for i in order], float)
        label = f"{for_picture(name)}: {report['long_tail/overall']:.1f} % overall"
        line = accuracy if few else _means_around(accuracy, len(order) // 10)
        (drawn,) = upper.plot(line, marker=marker if few else "", label=label, **style)
        if not few:
            faint = dict(color=drawn.get_color(), s=6, alpha=0.3, linewidth=0)
            upper.scatter(range(len(order)), accuracy, marker=marker, **faint)
    upper.set_ylabel("accuracy of the class (%)")
    figure.legend(loc="outside upper center", ncols=2, frameon=False)
    upper.grid(axis="y", alpha=0.3)
    edges = [i - 0.5 for i in range(len(order) + 1)]  # thousands of bars take a minute
    counts = [classes[i]["train_images"] for i in order]
    lower.stairs(counts, edges, fill=True, color="0.5")
    lower.set_yscale("log")
    lower.set_ylabel("training images")
    lower.set_xlabel("class, most frequent first")
    if few:
        names = [for_picture(classes[i]["name"], LONGEST_NAME) for i in order]
        fits = len(names) * max(map(len, names)) < LINE  # in places of one width
        lower.set_xticks(range(len(order)), names, rotation=0 if fits else 90)
    save_picture(figure, path)


def _means_around(values: np.ndarray, width: int) -> np.ndarray:
    """Average each of (n,) values with its neighbours; NaN has no part in it."""
    window = np.ones(width + 1 - width % 2)
    known = np.isfinite(values)
    total = np.convolve(np.where(known, values, 0), window, mode="same")
    count = np.convolve(known, window, mode="same")
    return np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
