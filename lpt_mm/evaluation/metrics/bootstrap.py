"""How far accuracies may be off because the test set is finite."""

import numpy as np

from lpt_mm.evaluation.metrics.class_metrics import ClassMetrics
from lpt_mm.evaluation.metrics.shot_groups import places_of_groups

LEVELS = (2.5, 97.5)  # per cent


def bootstrap_intervals(
    classes: ClassMetrics, groups: np.ndarray, resamples: int, seed: int = 0
) -> dict[str, list[float]]:
    """Compute percentile bootstrap intervals of 95 %, in per cent, from (C,) groups.

    The test images are resampled within each class, so that the classes keep their
    numbers of images; the hits of a class are then binomial, and are drawn as such.
    The intervals tell about the choice of test images alone, not about another training
    run. A class with all or no images right contributes no width. Source: An
    Introduction to the Bootstrap (Efron and Tibshirani, 1993), section 13.3.

    Returns the bounds of ``overall``, ``many``, ``medium``, ``few`` and ``mean_class``;
    groups without a test image are left out.
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
