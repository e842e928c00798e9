"""A picture of how often a model is right, by how certain it is."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from lpt_mm.evaluation.metrics.calibration import NUM_BINS, confidence_bins
from lpt_mm.utils.pictures import BLUE, VERMILION, save_picture


def draw_reliability(
    confidence: np.ndarray, correct: np.ndarray, path: str | Path
) -> None:
    """Draw the accuracy of the bins of the calibration error, and their images.

    Args:
        confidence: (number of images,) in [0, 1].
        correct: (number of images,) bool, whether the prediction is right.
        path: PNG to write, which must be new.
    """
    bins = confidence_bins(confidence)
    images = np.bincount(bins, minlength=NUM_BINS)
    with np.errstate(invalid="ignore"):  # bins without an image are not drawn
        accuracy = np.bincount(bins, weights=correct, minlength=NUM_BINS) / images
        certainty = np.bincount(bins, weights=confidence, minlength=NUM_BINS) / images
    edges = np.linspace(0, 1, NUM_BINS + 1)
    figure = Figure(figsize=(6, 6.5), layout="constrained")
    upper, lower = figure.subplots(2, sharex=True, height_ratios=(4, 1))
    upper.plot([0, 1], [0, 1], "--", color="0.5", label="as certain as right")
    upper.bar(
        (edges[:-1] + edges[1:]) / 2,
        np.nan_to_num(accuracy),
        width=0.9 / NUM_BINS,
        color=BLUE,
        alpha=0.85,
        label="share that is right",
    )
    upper.plot(certainty, accuracy, "o", color=VERMILION, label="mean confidence")
    upper.set_ylabel("share of the images that is right")
    upper.set_ylim(0, 1.02)
    upper.yaxis.set_major_formatter(PercentFormatter(1))
    upper.legend(loc="upper left")
    lower.stairs(images, edges, fill=True, color="0.5")
    lower.set_yscale("symlog", linthresh=1)
    lower.set_ylabel("images")
    lower.set_xlabel("confidence, the score of the predicted class")
    lower.set_xlim(0, 1)
    lower.xaxis.set_major_formatter(PercentFormatter(1))
    for axes in (upper, lower):
        axes.grid(axis="y", alpha=0.3)
    save_picture(figure, path)
