"""A picture of how runs went, from their logs."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lpt_mm.utils import pictures
from lpt_mm.utils.text import for_picture
from lpt_mm.weights.facts import is_count, is_dict, is_number

# What a log line may hold, by the title of its panel.
PANELS = {
    "loss": {
        "loss_cls": pictures.BLACK,
        "loss_class_balanced": pictures.BLUE,
        "loss_instance_balanced": pictures.ORANGE,
        "loss_key": pictures.GREEN,
        "loss_separation": pictures.GREY,
    },
    "schedules, as a share of their largest value": {
        "lr": pictures.VERMILION,
        "beta": pictures.SKY_BLUE,
        "choice_noise": pictures.GREEN,
    },
    "use of the pool": {
        "matching_entropy": pictures.PURPLE,
        "key_similarity": pictures.GREY,
    },
}
SCHEDULES = PANELS["schedules, as a share of their largest value"]
STYLES = ("-", "--", ":", "-.")


def draw_curves(runs: Mapping[str, list[Path]], path: Path) -> None:
    """Draw what runs by row have logged, mean and range over seeds, in a new PNG."""
    logs = {name: [read_log(folder) for folder in runs[name]] for name in runs}
    panels = logged_panels(log for of_seeds in logs.values() for log in of_seeds)
    panels = panels or PANELS  # runs too short for a line
    heights = [4.5 if title == "loss" else 2.25 for title in panels]
    figure = Figure(figsize=(9, sum(heights)), layout="constrained")
    rows = figure.subplots(
        len(panels), sharex=True, height_ratios=heights, squeeze=False
    )
    for axes, (title, colours) in zip(rows[:, 0], panels.items(), strict=True):
        for (name, of_seeds), style in zip(logs.items(), STYLES, strict=False):
            for key, colour in colours.items():
                label = f"{for_picture(name)}: {key}"
                _draw_curve(axes, of_seeds, key, label, colour, style)
        axes.set_title(title, loc="left", fontsize="medium")
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small")
    axes.set_xlabel("step")
    pictures.save_picture(figure, path)


def logged_panels(logs: Iterable[Mapping]) -> dict[str, dict[str, str]]:
    """Choose the panels that there is something to draw in."""
    logged = set().union(*logs)
    return {title: keys for title, keys in PANELS.items() if keys.keys() & logged}


def _draw_curve(
    axes: Axes,
    logs: list[dict[str, dict[int, float]]],
    key: str,
    label: str,
    colour: str,
    style: str,
) -> None:
    """Draw a value, if it was logged."""
    curves = [log[key] for log in logs if key in log]
    if not curves:
        return
    steps = sorted(set.intersection(*map(set, curves)))
    if not steps:
        return
    values = np.array([[curve[step] for step in steps] for curve in curves])
    if key in SCHEDULES and values.max() > 0:
        values = values / values.max()
    axes.plot(steps, values.mean(axis=0), style, color=colour, label=label)
    low, high = values.min(axis=0), values.max(axis=0)
    axes.fill_between(steps, low, high, color=colour, alpha=0.2, linewidth=0)


def read_log(folder: Path) -> dict[str, dict[int, float]]:
    """Read what a run has logged, by name and step, also if it was interrupted."""
    log: dict[str, dict[int, float]] = {}
    for line in _lines(folder):
        for key, value in line.items():
            if is_number(value):
                log.setdefault(key, {})[line["step"]] = value
    return log


def _lines(folder: Path) -> Iterator[dict]:
    """Go through the lines of all starts, but not those of validations and tests."""
    for file in sorted(folder.glob("*/vis_data/scalars.json")):
        for line in file.read_text(errors="replace").splitlines():
            try:
                content = json.loads(line)
            except (ValueError, RecursionError):  # the last line of a killed run
                continue
            if not is_dict(content) or not is_count(content.get("step")):
                continue
            if not any(key.startswith("long_tail/") for key in content):
                yield content
