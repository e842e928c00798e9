"""A picture of which shot groups are taken for which."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.pictures import save_picture
from lpt_mm.utils.text import for_picture, printable

COLUMNS = 3
DARK = 50  # per cent, below which cividis is dark and the text on it white


def draw_shot_confusion(reports: Mapping[str, Mapping], path: str | Path) -> None:
    """Draw, for each model, the share of each shot group taken for each group.

    The rest of the accuracies on the diagonal was taken for other classes of the group.
    """
    for name, report in reports.items():
        if "shot_confusion" not in report:
            raise UserError(
                f"the report '{printable(name)}' has no shot_confusion: test the model "
                "again with tools/test.py --out"
            )
    columns = min(COLUMNS, len(reports))
    rows = -(-len(reports) // columns)
    figure = Figure(figsize=(4.2 * columns + 0.8, 3.9 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat[len(reports) :]:
        axes.set_axis_off()
    for axes, (name, report) in zip(panels.flat, reports.items(), strict=False):
        image = _draw_panel(axes, report["shot_confusion"])
        right = report["long_tail/overall"]
        axes.set_title(f"{for_picture(name)}: {right:.1f} % right")
    figure.colorbar(image, ax=panels, label="share of the row (%)", shrink=0.8)
    save_picture(figure, path)


def _draw_panel(axes: Axes, confusion: Mapping) -> object:
    """Draw one model; return what a colour bar is made from."""
    images = np.array(confusion["images"])
    total = images.sum(axis=1, keepdims=True)
    share = 100 * images / np.maximum(total, 1)
    right = 100 * np.array(confusion["correct"]) / np.maximum(total[:, 0], 1)
    for (i, j), value in np.ndenumerate(share):
        if not total[i, 0]:
            continue
        text = f"{value:.1f} %\n{images[i, j]:,} images"
        if i == j:
            text += f"\nright: {right[i]:.1f} %"
        colour = "white" if value < DARK else "black"
        axes.text(j, i, text, ha="center", va="center", color=colour, fontsize=9)
    groups = [for_picture(group) for group in confusion["groups"]]
    axes.set_xticks(range(len(groups)), groups)
    axes.set_yticks(range(len(groups)), groups)
    axes.set_xlabel("group of the prediction")
    axes.set_ylabel("group of the label")
    masked = np.ma.masked_where(np.broadcast_to(total == 0, share.shape), share)
    return axes.imshow(masked, cmap="cividis", vmin=0, vmax=100)
