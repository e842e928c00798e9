"""How far accuracies may be off because the test set is finite.

Both functions resample the test images within each class, so that the classes keep
their numbers of images; the hits of a class are then binomial, and are drawn as such.
The percentile intervals of 95 % tell about the choice of test images alone, not about
another training run. Source: An Introduction to the Bootstrap (Efron and Tibshirani,
1993), section 13.3.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from lpt_mm.evaluation.metrics.class_metrics import ClassMetrics
from lpt_mm.evaluation.metrics.shot_groups import places_of_groups

LEVELS = (2.5, 97.5)  # per cent
RESAMPLES = 10_000


def bootstrap_intervals(
    classes: ClassMetrics, groups: np.ndarray, resamples: int, seed: int = 0
) -> dict[str, list[float]]:
    """Compute the bounds of the accuracies by name, in per cent, with (C,) groups.

    A class with all or no images right contributes no width.
    """
    tested = classes.test_images > 0
    images, groups = classes.test_images[tested], groups[tested]
    # (tested classes,) each: an accuracy is a weighted sum of the hits of the classes.
    weights = {"overall": np.full(len(images), 1 / images.sum())}
    for name, member in places_of_groups(groups).items():
        weights[name] = member / images[member].sum()
    weights["mean_class"] = 1 / (images * len(images))
    share = classes.correct_images[tested] / images
    # (tested classes, resamples): numpy is quickest where the next draw is alike.
    hits = np.random.default_rng(seed).binomial(
        images[:, None], share[:, None], size=(len(images), resamples)
    )
    accuracy = 100 * np.stack(list(weights.values())) @ hits
    bounds = np.percentile(accuracy, LEVELS, axis=1).T
    return dict(zip(weights, bounds.tolist(), strict=True))


def gain(
    before: Sequence[Mapping], after: Sequence[Mapping], shot_group: str | None = None
) -> tuple[float, float, float] | None:
    """Compute how many more points of a per cent one model has right, with bounds.

    Models are given by the ``classes`` of their reports. That both saw the same images
    makes the interval wider than it need be. It is None without an image of the group.
    """
    members = [
        i
        for i, row in enumerate(before)
        if row["test_images"] and shot_group in (None, row["shot_group"])
    ]
    if not members:
        return None
    images = np.array([before[i]["test_images"] for i in members])
    shares = [np.array([r[i]["accuracy"] for i in members]) for r in (before, after)]
    generator = np.random.default_rng(0)
    hits = [
        generator.binomial(images, share / 100, (RESAMPLES, len(images))).sum(axis=1)
        for share in shares
    ]
    difference = (shares[1] - shares[0]) @ images / images.sum()
    bounds = np.percentile(100 * (hits[1] - hits[0]) / images.sum(), LEVELS)
    return float(difference), *bounds.tolist()
