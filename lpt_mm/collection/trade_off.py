"""Accuracy of frequent and rare classes, by the prior that is set."""

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from lpt_mm.answers.posterior import Posterior, class_groups
from lpt_mm.answers.prior import Prior
from lpt_mm.collection.embedded_set import EmbeddedSet
from lpt_mm.evaluation.metrics import SHOT_GROUPS
from lpt_mm.evaluation.metrics.class_metrics import ClassMetrics
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import new_file, require_new
from lpt_mm.utils.pictures import BLACK, BLUE, GREEN, VERMILION, save_picture
from lpt_mm.weights.pack import Pack, read_pack

COLUMNS = ("overall", *SHOT_GROUPS, "mean_class")
PRIOR = "prior"
COLOURS = dict(overall=BLACK, many=BLUE, medium=GREEN, few=VERMILION)


def trade_off_of(
    pack: str | os.PathLike,
    folder: str | os.PathLike,
    steps: int = 11,
    out: str | os.PathLike | None = None,
    picture: str | os.PathLike | None = None,
) -> list[dict[str, float]]:
    """Compute the curve for a pack and a set, and write it.

    Args:
        pack: The pack.
        folder: The set, of ``tools/inference/embed.py``.
        steps: How many priors, evenly spaced from 0 to 1.
        out: New CSV file for the curve.
        picture: New PNG file for it.

    Returns:
        The curve, of :func:`trade_off`.

    Raises:
        FileExistsError: If a file exists.
        UserError: If the set is of another model, or has no labels.
    """
    require_new(out, picture)
    if steps < 2:
        raise UserError(f"a curve has 2 steps at least, got {steps}")
    content = read_pack(pack)
    images = EmbeddedSet.read(folder, content).labelled
    powers = np.linspace(0, 1, steps)
    rows = trade_off(content, images.score, images.label, powers)
    if out is not None:
        _write(rows, out)
    if picture is not None:
        draw_trade_off(rows, picture)
    return rows


def trade_off(
    pack: Pack, score: np.ndarray, label: np.ndarray, powers: Sequence[float]
) -> list[dict[str, float]]:
    """Compute the accuracy under each prior.

    Args:
        pack: The model.
        score: (N, C) scores of images.
        label: (N,) their classes.
        powers: Powers of the training images, of ``Prior``.

    Returns:
        A row for each: ``prior``, and the accuracies in per cent, without groups that
        have no image.
    """
    groups, rows = class_groups(pack), []
    for power in powers:
        posterior = Posterior(pack, Prior(float(power)))
        prediction = posterior.logits(torch.from_numpy(score)).argmax(dim=1).numpy()
        counted = ClassMetrics.count(label, prediction, pack.num_classes)
        rows.append({PRIOR: float(power)} | counted.accuracies(groups))
    return rows


def _write(rows: Sequence[Mapping[str, float]], path: str | os.PathLike) -> None:
    with new_file(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({k: f"{v:.6g}" for k, v in row.items()} for row in rows)


def draw_trade_off(rows: Sequence[Mapping[str, float]], path: str | Path) -> None:
    """Draw the accuracies over the prior, and rare classes over frequent ones.

    Args:
        rows: The curve.
        path: PNG to write, which must be new.
    """
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    prior = [row[PRIOR] for row in rows]
    there = [name for name in COLOURS if name in rows[0]]
    for name in there:
        values = [row[name] for row in rows]
        style = "o--" if name == "overall" else "o-"
        left.plot(prior, values, style, color=COLOURS[name], label=name)
    left.set_xlabel("prior: 0 all classes equally frequent, 1 as in training")
    left.set_ylabel("accuracy")
    left.legend()
    most, fewest = there[1], there[-1]
    right.plot([r[most] for r in rows], [r[fewest] for r in rows], "o-", color=BLACK)
    for row in (rows[0], rows[len(rows) // 2], rows[-1]):
        place = dict(xytext=(5, 5), textcoords="offset points")
        right.annotate(f"{row[PRIOR]:.2g}", (row[most], row[fewest]), **place)
    right.set_xlabel(f"accuracy of {most}-shot classes")
    right.set_ylabel(f"accuracy of {fewest}-shot classes")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.yaxis.set_major_formatter(PercentFormatter())
    right.xaxis.set_major_formatter(PercentFormatter())
    save_picture(figure, path)
