import numpy as np
import pytest
from scipy.special import log_softmax
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.models.losses import LogitAdjustedLoss
from tests.test_models.test_losses.common import COUNTS, scores


@pytest.mark.parametrize("tau", [0.5, 1.0, 2.0])
def test_is_the_formula(tau):
    score, target = scores()
    log_prior = np.log(np.array(COUNTS) / sum(COUNTS))
    expected = 0
    for row, label in zip(score.numpy(), target, strict=True):
        expected -= log_softmax(row + tau * log_prior)[label] / len(target)
    value = LogitAdjustedLoss(tau, COUNTS)(score, target)
    assert value.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("tau", "counts"), [(0.0, COUNTS), (1.0, [7] * 4)])
def test_is_cross_entropy_without_adjustment(tau, counts):
    score, target = scores()
    value = LogitAdjustedLoss(tau, counts)(score, target)
    assert_close(value, F.cross_entropy(score, target))
