"""How far two models differ that were tested on the same images, and how surely.

An image that one model alone has right counts 1 or -1, any other 0: its gain. Gains are
averaged over the seeds of a fold. What is told by them may be chance in two ways:

- over images, since other test images could have been drawn. Of a fold with n images
  of an accuracy, the standard error of the mean gain is s / sqrt(n); of the mean class
  it is sqrt(sum_c s_c^2 / n_c) / C, where class c has n_c images in the fold and s_c is
  the standard deviation of its gains in all folds (a class of one image has none, and
  is given the root mean square of the others'). Over F folds it is
  sqrt(sum_f e_f^2) / F, and the interval of 95 % that of a normal distribution;
- over folds, or over seeds where there is one fold, since other data and seeds train
  other models: the standard error of the mean of their differences, with the interval
  of a t distribution. Training sets of folds overlap, which makes it somewhat small.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lpt_mm.evaluation.metrics.shot_groups import places_of_groups

LEVEL = 0.95
Interval = tuple[float, float]


class Fold(NamedTuple):
    """The test images of a fold, or of all runs where there are no folds."""

    label: np.ndarray  # (n,) class indices
    gain: np.ndarray  # (seeds, n): 1 where the row alone is right, -1 the reference
    groups: np.ndarray  # (C,) names of the shot groups of the classes


class Difference(NamedTuple):
    """Row minus reference, in points of a per cent; NaN where nothing tells."""

    value: float
    image_error: float
    image_interval: Interval
    run_error: float
    run_interval: Interval

    @property
    def is_clear(self) -> bool:
        """Whether it is beyond chance over images and over runs alike."""
        bounds = np.array([self.image_interval, self.run_interval])
        return bool((bounds > 0).all() or (bounds < 0).all())


def paired_differences(folds: Sequence[Fold]) -> dict[str, Difference]:
    """Compute the differences of the accuracies, by name.

    Args:
        folds: What became of the images.

    Returns:
        Of ``overall``, the shot groups that have images, and ``mean_class``.
    """
    found = {}
    places = [places_of_groups(fold.groups[fold.label]) for fold in folds]
    names = dict.fromkeys(name for own in places for name in own)
    for name in ("overall", *names):
        means, errors = [], []
        for fold, own in zip(folds, places, strict=True):
            gain = fold.gain
            if name != "overall":
                if name not in own:
                    continue
                gain = gain[:, own[name]]
            means.append(gain.mean(axis=1))
            errors.append(_standard_error(gain.mean(axis=0)))
        found[name] = _combine(means, errors, over_folds=len(folds) > 1)
    found["mean_class"] = _combine(*_mean_class(folds), over_folds=len(folds) > 1)
    return found


def _mean_class(folds: Sequence[Fold]) -> tuple[list[np.ndarray], list[float]]:
    """Compute the mean gain of the classes by seed, and its error, of each fold."""
    num_classes = len(folds[0].groups)
    label = np.concatenate([fold.label for fold in folds])
    gain = np.concatenate([fold.gain.mean(axis=0) for fold in folds])
    of_class = [gain[label == c] for c in range(num_classes)]
    variance = np.array([np.var(x, ddof=1) if len(x) > 1 else np.nan for x in of_class])
    known = variance[~np.isnan(variance)]
    variance[np.isnan(variance)] = known.mean() if known.size else np.nan
    means, errors = [], []
    for fold in folds:
        images = np.bincount(fold.label, minlength=num_classes)
        tested = images > 0
        weight = 1 / (images[fold.label] * tested.sum())
        means.append(fold.gain @ weight)
        spread = np.sqrt((variance[tested] / images[tested]).sum())
        errors.append(float(spread / tested.sum()))
    return means, errors


def _combine(
    means: Sequence[np.ndarray], errors: Sequence[float], over_folds: bool
) -> Difference:
    """Put together the mean gains of each fold, (seeds,) each, and their errors."""
    from scipy import stats  # a moment that others need not pay

    of_seeds = 100 * np.array(means)  # (folds, seeds)
    runs = of_seeds.mean(axis=1) if over_folds else of_seeds[0]
    value, run_error = float(runs.mean()), _standard_error(runs)
    image_error = 100 * float(np.sqrt(np.square(errors).sum())) / len(errors)
    by_t = stats.t(max(len(runs) - 1, 1)).interval(LEVEL)[1] * run_error
    by_normal = stats.norm.interval(LEVEL)[1] * image_error
    return Difference(
        value,
        image_error,
        (value - by_normal, value + by_normal),
        run_error,
        (value - by_t, value + by_t),
    )


def _standard_error(values: np.ndarray) -> float:
    """Compute the standard error of a mean; NaN of a single value."""
    if len(values) < 2:
        return np.nan
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))
