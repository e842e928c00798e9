import math

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score
from torch.testing import assert_close

from lpt_mm.matching.statistics import (
    class_information,
    count_combinations,
    count_matches,
    effective_combinations,
    name_information,
    shares,
    shots_by_group,
)

# Three images of class 0, one of class 2, none of class 1; group 3 is never chosen.
GROUPS = np.array([[0, 1], [0, 1], [0, 2], [2, 1]])
LABELS = np.array([0, 0, 0, 2])
MATCHES = np.array([[3, 2, 1, 0], [0, 0, 0, 0], [0, 1, 1, 0]])


def test_matches_are_counted_by_class_and_group():
    counts = count_matches(GROUPS, LABELS, num_classes=3, pool_size=4)
    assert np.array_equal(counts, MATCHES)


def test_combinations_are_sets():
    groups = np.array([[0, 1], [1, 0], [2, 1], [0, 1], [3, 0]])
    counts = count_combinations(groups)
    assert sorted(counts) == [1, 1, 3]
    nats = -(3 / 5 * math.log(3 / 5) + 2 / 5 * math.log(1 / 5))
    assert effective_combinations(counts) == pytest.approx(math.exp(nats))
    assert effective_combinations(np.array([4])) == 1


def test_usage_of_each_class_and_shots_of_each_group():
    nan = [math.nan] * 4
    expected = np.array([[3 / 6, 2 / 6, 1 / 6, 0], nan, [0, 1 / 2, 1 / 2, 0]])
    assert_close(shares(MATCHES), expected, equal_nan=True)
    shots = shots_by_group(MATCHES, np.array(["many", "few", "few"]))
    expected = np.array([[1, 0, 0], [2 / 3, 0, 1 / 3], [1 / 2, 0, 1 / 2], nan[:3]])
    assert_close(shots, expected, equal_nan=True)


def test_class_information():
    rng = np.random.default_rng(0)
    classes, groups = rng.integers(5, size=400), rng.integers(3, size=400)
    groups[classes == 4] = 3
    matches = count_matches(groups[:, None], classes, num_classes=5, pool_size=6)
    share = mutual_info_score(classes, groups) / entropy(np.bincount(classes))
    assert class_information(matches) == pytest.approx(share)
    assert class_information(np.eye(3)) == pytest.approx(1)
    assert class_information(np.ones((3, 4))) == pytest.approx(0)
    assert math.isnan(class_information(np.array([[1, 2], [0, 0]])))


def test_information_of_names_above_the_classes():
    rng = np.random.default_rng(0)
    classes, groups = rng.integers(5, size=400), rng.integers(3, size=400)
    node = np.array([1, 0, 1, -1, 0])  # class 3 has no name
    groups[node[classes] == 1] = 3
    matches = count_matches(groups[:, None], classes, num_classes=5, pool_size=6)
    named = classes != 3
    nodes = node[classes[named]]
    share = mutual_info_score(nodes, groups[named]) / entropy(np.bincount(nodes))
    assert name_information(matches, node) == pytest.approx(share)
    assert math.isnan(name_information(matches, np.full(5, -1)))
