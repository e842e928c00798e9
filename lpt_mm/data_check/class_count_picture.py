"""A picture of the long tail."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from lpt_mm.evaluation.metrics import SHOT_GROUPS, ShotGroups
from lpt_mm.utils.pictures import LONGEST_NAME, MOST_NAMED, PALETTE, save_picture
from lpt_mm.utils.text import for_picture, printable

FLOOR = 0.7  # images, where bars start on the log scale: one image must show


def draw_class_counts(
    counts: Sequence[int],
    class_names: Sequence[str],
    shot_groups: ShotGroups,
    path: str | Path,
) -> None:
    """Draw the training images of each class, in the place of an older PNG."""
    counts = np.asarray(counts)
    order = np.argsort(-counts, kind="stable")
    figure = Figure(figsize=(9, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_yscale("log")
    _draw_bars(axes, counts[order], shot_groups)
    beside = dict(transform=axes.get_yaxis_transform(), va="center")
    for threshold in shot_groups.thresholds:
        axes.axhline(threshold, color="0.25", linestyle="--", linewidth=1)
        axes.text(1.005, threshold, f"{threshold:,}", **beside)
    axes.set_xlim(-0.5, len(counts) - 0.5)
    axes.set_ylim(FLOOR, 1.6 * max(counts.max(), shot_groups.thresholds[1]))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_ylabel("training images")
    empty = int((counts == 0).sum())
    without = f"; {empty:,} without an image" if empty else ""
    axes.set_xlabel(f"class, most frequent first{without}")
    axes.set_title(f"{counts.sum():,} images of {len(counts):,} classes; {shot_groups}")
    figure.legend(loc="outside upper center", ncols=3, frameon=False, reverse=True)
    axes.spines[["top", "right"]].set_visible(False)
    if len(order) <= MOST_NAMED:
        names = [class_names[i] for i in order]
        length = min(max(len(printable(name)) for name in names), LONGEST_NAME)
        turned = dict(rotation=45, ha="right", rotation_mode="anchor")
        style = turned if length * len(names) > 80 else {}
        short = [for_picture(name, LONGEST_NAME) for name in names]
        axes.set_xticks(range(len(names)), short, **style)
    save_picture(figure, path, overwrite=True)


def _draw_bars(axes: Axes, counts: np.ndarray, shot_groups: ShotGroups) -> None:
    groups, end = shot_groups.assign(counts), len(counts)
    for name, colour in reversed(list(zip(SHOT_GROUPS, PALETTE, strict=False))):
        places = np.flatnonzero(groups == name)
        images = counts[places].sum()
        label = f"{name}-shot\n{len(places):,} classes, {images:,} images"
        if len(counts) <= MOST_NAMED:
            heights = counts[places].clip(FLOOR) - FLOOR
            axes.bar(places, heights, bottom=FLOOR, color=colour, label=label)
            continue
        # Thousands of bars would leave stripes, and groups side by side a seam: each
        # is one area, from the most frequent class on, and covered by the next.
        edges = np.arange(end + 1) - 0.5
        style = dict(baseline=FLOOR, fill=True, color=colour, label=label)
        axes.stairs(counts[:end].clip(FLOOR), edges, **style)
        end -= len(places)
