import itertools
import math

import numpy as np
import pytest
from scipy.stats import entropy

from lpt_mm.models.necks.pool_usage import (
    co_choice_rank,
    dead_groups,
    effective_groups,
    free_rank,
    key_similarity,
    usage_entropy,
)


def test_usage():
    usage = np.array([3, 3, 2, 0])
    assert dead_groups(usage) == [3]
    nats = -2 * 3 / 8 * math.log(3 / 8) - 2 / 8 * math.log(2 / 8)
    assert usage_entropy(usage) == pytest.approx(nats / math.log(4))
    assert effective_groups(usage) == pytest.approx(math.exp(nats))


@pytest.mark.parametrize(
    ("usage", "normalised", "effective"),
    [
        ([5, 5, 5, 5], 1.0, 4.0),
        ([9, 9, 0, 0], 0.5, 2.0),
        ([9, 0, 0, 0], 0.0, 1.0),
        ([9], 1.0, 1.0),
    ],
)
def test_usage_at_its_extremes(usage, normalised, effective):
    assert usage_entropy(np.array(usage)) == pytest.approx(normalised)
    assert effective_groups(np.array(usage)) == pytest.approx(effective)


def together(sets, pool_size):
    """Count, one image at a time, which groups are chosen together."""
    counts = np.zeros((pool_size, pool_size))
    for chosen in sets:
        for i in chosen:
            for j in chosen:
                counts[i, j] += 1
    return counts


@pytest.mark.parametrize(
    ("sets", "rank"),
    [
        ([(0, 1)] * 3, 1),  # all images have the same groups
        ([(0, 1), (2, 3), (4, 5)], 3),  # fixed sets
        ([(0, 1)] * 3 + [(2, 3)], math.exp(-0.75 * math.log(0.75) + math.log(4) / 4)),
        ([(0,), (3,), (3,), (5,)], math.exp(1.5 * math.log(2))),  # as by usage
        # Two of three groups: eigenvalues 4, 1 and 1.
        ([(0, 1), (0, 2), (1, 2)], math.exp(math.log(6) - 4 / 6 * math.log(4))),
    ],
)
def test_rank_of_what_is_chosen_together(sets, rank):
    assert co_choice_rank(together(sets, 6)) == pytest.approx(rank)
    assert co_choice_rank(7 * together(sets, 6)) == pytest.approx(rank)


def test_rank_is_that_of_the_singular_values():
    shares = np.random.default_rng(0).dirichlet(np.ones(6), size=40)
    values = np.linalg.svd(shares, compute_uv=False) ** 2
    rank = math.exp(entropy(values))
    assert co_choice_rank(shares.T @ shares) == pytest.approx(rank)


@pytest.mark.parametrize(("groups", "topk"), [(6, 1), (6, 2), (6, 5), (6, 6), (1, 1)])
def test_rank_of_a_free_choice(groups, topk):
    sets = itertools.combinations(range(groups), topk)
    rank = co_choice_rank(together(sets, groups))
    assert free_rank(groups, topk) == pytest.approx(rank)


@pytest.mark.parametrize("topk", [1, 2, 4])
def test_rank_lies_between_fixed_sets_and_the_groups_in_use(topk):
    rng = np.random.default_rng(topk)
    for _ in range(20):
        skew = rng.dirichlet(np.full(8, 0.3)) + 1e-9
        sets = [
            rng.choice(8, topk, replace=False, p=skew / skew.sum()) for _ in "abcde"
        ]
        co_choice = together(sets, 8)
        used = effective_groups(co_choice.diagonal())
        assert used / topk - 1e-9 <= co_choice_rank(co_choice) <= used + 1e-9


def test_key_similarity():
    keys = np.array([[2.0, 0.0], [0.0, 0.1], [3.0, 3.0]])
    half = math.sqrt(0.5)
    assert key_similarity(keys) == pytest.approx((2 * half / 3, half))
    assert all(map(math.isnan, key_similarity(keys[:1])))
    assert key_similarity(np.zeros((2, 3))) == (0, 0)  # no direction, and no NaN
