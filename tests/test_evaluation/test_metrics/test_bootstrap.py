import numpy as np
import pytest
from scipy.stats import binom, norm

from lpt_mm.evaluation.metrics.bootstrap import bootstrap_intervals
from lpt_mm.evaluation.metrics.class_metrics import ClassMetrics


def classes_of(images, hits):
    images, hits = np.array(images), np.array(hits)
    return ClassMetrics(images, hits, hits)


def test_one_class_has_the_quantiles_of_the_binomial():
    classes = classes_of([200], [150])
    intervals = bootstrap_intervals(classes, np.array(["few"]), 20_000)
    exact = 100 * binom(200, 0.75).ppf([0.025, 0.975]) / 200
    assert intervals.keys() == {"overall", "few", "mean_class"}
    for bounds in intervals.values():
        np.testing.assert_allclose(bounds, exact, atol=0.5)  # one image


def test_many_classes_have_the_variance_of_their_sum():
    rng = np.random.default_rng(1)
    images = rng.integers(20, 200, 60)
    hits = rng.binomial(images, 0.7)
    groups = np.repeat(["many", "medium", "few"], 20)
    intervals = bootstrap_intervals(classes_of(images, hits), groups, 10_000)
    share = hits / images
    weights = dict(
        overall=images / images.sum(),
        medium=np.where(groups == "medium", images, 0) / images[20:40].sum(),
        mean_class=np.full(60, 1 / 60),
    )
    for name, weight in weights.items():
        mean = (weight * share).sum()
        deviation = np.sqrt((weight**2 * share * (1 - share) / images).sum())
        expected = 100 * norm(mean, deviation).ppf([0.025, 0.975])
        np.testing.assert_allclose(intervals[name], expected, atol=8 * deviation)


def test_95_of_100_intervals_hold_the_true_accuracy():
    rng = np.random.default_rng(2)
    images, groups = np.full(50, 40), np.repeat(["many", "few"], 25)
    truth = rng.uniform(0.2, 0.9, 50)
    inside = 0
    for _ in range(400):
        classes = classes_of(images, rng.binomial(images, truth))
        low, high = bootstrap_intervals(classes, groups, 200)["overall"]
        inside += low <= 100 * truth.mean() <= high
    # The number of misses is binomial; 1 in 10,000 seeds is out of these bounds.
    assert inside / 400 == pytest.approx(0.94, abs=0.045)


def test_classes_and_groups_without_images_are_left_out():
    classes = classes_of([10, 0, 10], [10, 0, 0])
    intervals = bootstrap_intervals(classes, np.array(["many", "medium", "few"]), 50)
    assert intervals == {
        name: pytest.approx([value, value])
        for name, value in dict(overall=50, many=100, few=0, mean_class=50).items()
    }


def test_the_same_each_time():
    case = classes_of([30, 20], [20, 10]), np.array(["many", "few"]), 100
    assert bootstrap_intervals(*case) == bootstrap_intervals(*case)
    assert bootstrap_intervals(*case) != bootstrap_intervals(*case, seed=1)
