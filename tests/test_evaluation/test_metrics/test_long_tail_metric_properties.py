"""The metric against plain loops and against scikit-learn."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, recall_score

from lpt_mm.evaluation import LongTailMetric
from tests.test_evaluation.test_metrics.test_long_tail_metric import (
    evaluate,
    results,
)

MANY = settings(deadline=None, derandomize=True, max_examples=100)


@st.composite
def evaluations(draw):
    """Draw shot groups, class counts at and around their bounds, and results."""
    low = draw(st.integers(1, 200))
    high = draw(st.integers(low + 1, 400))
    bounds = [max(1, b + d) for b in (low, high) for d in (-1, 0, 1)]
    count = st.sampled_from(bounds) | st.integers(1, 10**6)
    counts = draw(st.lists(count, min_size=2, max_size=12))
    tested = draw(
        st.lists(st.integers(0, len(counts) - 1), min_size=1, max_size=12, unique=True)
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    images = draw(st.sampled_from([1, 2, 7, 40]))
    label = rng.choice(tested, images)
    prediction = rng.integers(len(counts), size=images)
    right = rng.random(images) < draw(st.sampled_from([0.0, 0.5, 1.0]))
    prediction[right] = label[right]
    groups = dict(
        convention=draw(st.sampled_from(["lpt", "oltr"])), thresholds=(low, high)
    )
    return groups, counts, label.tolist(), prediction.tolist()


def loops(groups, counts, label, prediction):
    """Compute the metric and the accuracy of each class, image by image."""
    low, high = groups["thresholds"]
    hits, totals = {}, {}
    for y, guess in zip(label, prediction, strict=True):
        if counts[y] > high:
            group = "many"
        elif counts[y] < low or (counts[y] == low and groups["convention"] == "lpt"):
            group = "few"
        else:
            group = "medium"
        for key in ("overall", group, y):
            totals[key] = totals.get(key, 0) + 1
            hits[key] = hits.get(key, 0) + (1 if y == guess else 0)
    accuracy = {key: 100 * hits[key] / totals[key] for key in totals}
    classes = [accuracy.pop(i, math.nan) for i in range(len(counts))]
    known = [value for value in classes if not math.isnan(value)]
    accuracy["mean_class"] = sum(known) / len(known)
    accuracy["worst_class"] = min(known)
    return {f"long_tail/{key}": value for key, value in accuracy.items()}, classes


@MANY
@given(evaluations())
def test_agrees_with_plain_loops(case):
    groups, counts, label, prediction = case
    metrics, metric = evaluate(label, prediction, cls_num_list=counts, **groups)
    expected, classes = loops(*case)
    for key in ("macro_f1", "harmonic_mean", "geometric_mean"):  # test_class_metrics.py
        del metrics[f"long_tail/{key}"]
    assert metrics == pytest.approx(expected, abs=1e-9)
    np.testing.assert_allclose(metric.class_metrics.accuracy, classes, atol=1e-9)


@MANY
@given(evaluations())
def test_agrees_with_scikit_learn(case):
    groups, counts, label, prediction = case
    metrics, metric = evaluate(label, prediction, cls_num_list=counts, **groups)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of predictions of classes without an image
        balanced = balanced_accuracy_score(label, prediction)
    assert metrics["long_tail/mean_class"] == pytest.approx(100 * balanced)
    overall = accuracy_score(label, prediction)
    assert metrics["long_tail/overall"] == pytest.approx(100 * overall)
    recall = recall_score(
        label,
        prediction,
        labels=range(len(counts)),
        average=None,
        zero_division=np.nan,
    )
    np.testing.assert_allclose(metric.class_metrics.accuracy, 100 * recall, atol=1e-9)


@MANY
@given(evaluations(), st.integers(1, 9), st.integers(0, 2**32))
def test_order_and_processes_do_not_matter(case, processes, seed):
    groups, counts, label, prediction = case
    expected, alone = evaluate(label, prediction, cls_num_list=counts, **groups)
    order = np.random.default_rng(seed).permutation(len(label))
    # As mmengine deals and collects them: equally many each, so that some come twice.
    each = -(-len(order) // processes)
    dealt = np.resize(order, (each, processes)).T
    parts = []
    for share in dealt:
        metric = LongTailMetric(cls_num_list=counts, **groups)
        metric.process([], results(np.take(label, share), np.take(prediction, share)))
        parts.append(metric.results)
    metric.results = [result for turn in zip(*parts, strict=True) for result in turn]
    assert metric.evaluate(len(order)) == expected
    accuracy = alone.class_metrics.accuracy
    np.testing.assert_array_equal(metric.class_metrics.accuracy, accuracy)
