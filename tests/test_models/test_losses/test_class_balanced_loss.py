import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.models.losses import ClassBalancedLoss
from tests.test_models.test_losses.common import COUNTS, scores


@pytest.mark.parametrize("beta", [0.9, 0.99, 0.9999])
def test_is_the_formula(beta):
    # The effective number is also the sum 1 + beta + ... + beta ** (n - 1).
    inverse = np.array([1 / sum(beta**i for i in range(n)) for n in COUNTS])
    weight = inverse * len(COUNTS) / inverse.sum()
    score, target = scores()
    expected = 0
    for row, label in zip(score.numpy(), target, strict=True):
        expected -= weight[label] * log_softmax(row)[label] / len(target)
    value = ClassBalancedLoss(beta, COUNTS)(score, target)
    assert value.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("beta", "counts"), [(0.0, COUNTS), (0.9999, [7] * 4)])
def test_is_cross_entropy_without_weights(beta, counts):
    score, target = scores()
    value = ClassBalancedLoss(beta, counts)(score, target)
    assert_close(value, F.cross_entropy(score, target))


def test_weights_tend_to_the_inverse_counts():
    loss = ClassBalancedLoss(1 - 1e-12, [400, 100])
    score, target = torch.zeros(1, 2, dtype=torch.float64), torch.tensor([1])
    # Inverse counts 1/400 and 1/100 are 0.4 and 1.6 at the mean 1.
    expected = torch.tensor(1.6 * np.log(2))
    assert_close(loss(score, target), expected, check_dtype=False)


@pytest.mark.parametrize("beta", [-0.1, 1.0])
def test_refuses_other_beta(beta):
    with pytest.raises(ValueError, match=rf"beta must be in \[0, 1\), got {beta}"):
        ClassBalancedLoss(beta)
