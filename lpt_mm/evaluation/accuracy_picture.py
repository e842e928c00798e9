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
    """Draw the accuracy of each class by model, most frequent first, in a new PNG."""
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
    style = dict(markersize=7 if few else 3, linewidth=1.5 if few else 0.5)
    for (name, report), marker in zip(reports.items(), cycle("os^Dv")):
        accuracy = np.array([report["classes"][i]["accuracy"] for i in order], float)
        label = f"{for_picture(name)}: {report['long_tail/overall']:.1f} % overall"
        upper.plot(accuracy, marker=marker, label=label, **style)
    upper.set_ylabel("accuracy of the class (%)")
    upper.legend(loc="lower left")
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
