"""Metrics over the classes against scikit-learn and SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gmean, hmean
from sklearn.metrics import precision_recall_fscore_support

from lpt_mm.evaluation.metrics.class_metrics import ClassMetrics

QUICK = settings(deadline=None, derandomize=True, max_examples=100)
CLASSES = 6


@st.composite
def predictions(draw):
    """Draw labels of some of the classes, and predictions, right or not."""
    index = st.integers(0, CLASSES - 1)
    label = np.array(draw(st.lists(index, min_size=1, max_size=40)))
    guess = draw(st.lists(index, min_size=len(label), max_size=len(label)))
    right = np.random.default_rng(draw(st.integers(0, 99))).random(len(label))
    return label, np.where(right < draw(st.sampled_from([0, 0.5, 1])), label, guess)


@QUICK
@given(predictions())
def test_classes_agree_with_scikit_learn(case):
    label, prediction = case
    classes = ClassMetrics.count(label, prediction, CLASSES)
    precision, recall, f1, support = precision_recall_fscore_support(
        label, prediction, labels=range(CLASSES), zero_division=np.nan
    )
    f1[support == 0] = np.nan
    np.testing.assert_array_equal(classes.test_images, support)
    np.testing.assert_allclose(classes.precision, 100 * precision)
    np.testing.assert_allclose(classes.accuracy, 100 * recall)
    np.testing.assert_allclose(classes.f1, 100 * f1)


@QUICK
@given(predictions())
def test_averages_agree_with_scikit_learn_and_scipy(case):
    label, prediction = case
    averages = ClassMetrics.count(label, prediction, CLASSES).average()
    _, recall, f1, support = precision_recall_fscore_support(
        label, prediction, labels=np.unique(label), zero_division=0
    )
    floored = [r or 0.5 / images for r, images in zip(recall, support, strict=True)]
    assert averages == pytest.approx(
        dict(
            macro_f1=100 * f1.mean(),
            worst_class=100 * recall.min(),
            harmonic_mean=100 * hmean(floored),
            geometric_mean=100 * gmean(floored),
        )
    )
    assert 0 < averages["harmonic_mean"] <= averages["geometric_mean"] + 1e-9


def test_a_class_without_a_hit_counts_as_half_a_hit():
    # 4 of 4, none of 8, 2 of 4; the fourth class has no image
    label = np.repeat([0, 1, 2], [4, 8, 4])
    prediction = np.array([0] * 4 + [3] * 8 + [2, 2, 0, 0])
    averages = ClassMetrics.count(label, prediction, 4).average()
    assert averages["worst_class"] == 0
    assert averages["harmonic_mean"] == pytest.approx(300 / (1 + 16 + 2))
    assert averages["geometric_mean"] == pytest.approx(100 * (1 / 16 / 2) ** (1 / 3))
