import math

import pytest
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.models.losses import LogitAdjustedLoss, VectorScalingLoss
from tests.test_models.test_losses.common import COUNTS, scores


@pytest.mark.parametrize(("gamma", "tau"), [(0.3, 1.0), (0.15, 0.0), (1.0, 2.5)])
def test_is_the_formula(gamma, tau):
    # log(1 + sum over the others of exp((logit_j) - (logit_y))), as the paper has it.
    score, target = scores()
    expected = 0
    for row, label in zip(score.tolist(), target.tolist(), strict=True):
        logit = [
            (n / max(COUNTS)) ** gamma * s + tau * math.log(n / sum(COUNTS))
            for n, s in zip(COUNTS, row, strict=True)
        ]
        others = [math.exp(x - logit[label]) for x in logit]
        del others[label]
        expected += math.log1p(sum(others)) / len(target)
    value = VectorScalingLoss(gamma, tau, COUNTS)(score, target)
    assert value.item() == pytest.approx(expected, rel=1e-12)


def test_is_logit_adjustment_without_the_product():
    score, target = scores()
    value = VectorScalingLoss(0.0, 1.5, COUNTS)(score, target)
    assert_close(value, LogitAdjustedLoss(1.5, COUNTS)(score, target))


@pytest.mark.parametrize(
    ("options", "counts"), [((0.0, 0.0), COUNTS), ((0.3, 1.0), [7] * 4)]
)
def test_is_cross_entropy_without_its_extras(options, counts):
    score, target = scores()
    value = VectorScalingLoss(*options, counts)(score, target)
    assert_close(value, F.cross_entropy(score, target))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("gamma", -0.1),
        ("gamma", math.inf),
        ("gamma", math.nan),
        ("tau", math.inf),
        ("tau", math.nan),
    ],
)
def test_refuses_other_settings(option, value):
    with pytest.raises(ValueError, match=f"{option} must be .*finite.*, got {value}"):
        VectorScalingLoss(**{option: value})
