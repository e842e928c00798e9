import math

import numpy as np
import pytest

from lpt_mm.models.necks.pool_usage import (
    dead_groups,
    effective_groups,
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


def test_key_similarity():
    keys = np.array([[2.0, 0.0], [0.0, 0.1], [3.0, 3.0]])
    half = math.sqrt(0.5)
    assert key_similarity(keys) == pytest.approx((2 * half / 3, half))
    assert all(map(math.isnan, key_similarity(keys[:1])))
    assert key_similarity(np.zeros((2, 3))) == (0, 0)  # no direction, and no NaN
