import json

import numpy as np
import pytest

from lpt_mm.datasets.long_tailed_subset import (
    draw_long_tail,
    largest_class,
    long_tailed_counts,
)
from tests.golden import DATA

PUBLISHED = json.loads((DATA / "cifar_lt_counts.json").read_text())


@pytest.mark.parametrize("name", PUBLISHED)
def test_counts_are_the_published_ones(name):
    num_classes, ratio = (int(part) for part in name[len("cifar") :].split("_ir"))
    counts = long_tailed_counts(50_000 // num_classes, num_classes, ratio)
    assert counts == PUBLISHED[name]


def test_step_imbalance_has_two_sizes():
    assert long_tailed_counts(500, 5, 10, "step") == [500, 500, 500, 50, 50]
    assert long_tailed_counts(7, 3, 1) == [7, 7, 7]


def test_the_largest_class_leaves_every_class_its_share():
    assert largest_class([50, 50, 50], 25) == 50
    assert largest_class([50, 8, 50], 25) == 40  # class 1 has a fifth of class 0
    assert long_tailed_counts(40, 3, 25) == [40, 8, 1]
    assert largest_class([50, 50, 3], 10) == 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((100, 10, 0.5), "imbalance_ratio must be at least 1, got 0.5"),
        ((100, 10, 10, "linear"), "got 'linear'"),
        ((99, 10, 100), "rarest class has no image left: of 99 images"),
    ],
)
def test_refuses_what_is_impossible(arguments, message):
    with pytest.raises(ValueError, match=message):
        long_tailed_counts(*arguments)


def test_the_choice_is_fixed_by_the_seed():
    labels = np.tile([2, 0, 1], 40)
    chosen = draw_long_tail(labels, [40, 12, 3], seed=0)
    assert np.bincount(labels[chosen]).tolist() == [40, 12, 3]
    assert (np.diff(chosen) > 0).all()
    # The same on every machine: a change here is another data set.
    assert chosen[labels[chosen] == 2].tolist() == [39, 87, 117]
    other = draw_long_tail(labels, [40, 12, 3], seed=1)
    assert set(other) != set(chosen)
    fewer = draw_long_tail(labels, [40, 6, 1], seed=0)
    assert set(fewer) < set(chosen)
