import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.models.losses import GeneralizedReweightLoss
from tests.test_models.test_losses.common import COUNTS, scores


@pytest.mark.parametrize("rho", [0.2, 1.0, 1.5])
def test_is_the_formula(rho):
    share = np.array(COUNTS) / sum(COUNTS)
    weight = (1 / share) ** rho / ((1 / share) ** rho).sum()  # the paper's, of sum 1
    score, target = scores()
    expected = 0
    for row, label in zip(score.numpy(), target, strict=True):
        expected -= 4 * weight[label] * log_softmax(row)[label] / len(target)
    value = GeneralizedReweightLoss(rho, COUNTS)(score, target)
    assert value.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("rho", "counts"), [(0.0, COUNTS), (1.0, [7] * 4)])
def test_is_cross_entropy_without_weights(rho, counts):
    score, target = scores()
    value = GeneralizedReweightLoss(rho, counts)(score, target)
    assert_close(value, F.cross_entropy(score, target))


def test_a_large_power_leaves_the_rarest_class():
    score, target = torch.zeros(2, 2), torch.tensor([0, 1])
    value = GeneralizedReweightLoss(500.0, [10**6, 1])(score, target)
    assert value.item() == pytest.approx(2 * np.log(2) / 2)


@pytest.mark.parametrize("rho", [-0.1, float("nan"), float("inf")])
def test_refuses_other_powers(rho):
    with pytest.raises(ValueError, match=f"rho must be 0 or more, .* got {rho}"):
        GeneralizedReweightLoss(rho)
