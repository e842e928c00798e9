import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.models.losses import BalancedSoftmaxLoss, LogitAdjustedLoss
from tests.test_models.test_losses.common import COUNTS, scores


def test_is_the_formula():
    score, target = scores()
    expected = 0
    for row, label in zip(score.numpy(), target, strict=True):
        terms = [n * np.exp(s) for n, s in zip(COUNTS, row, strict=True)]
        expected -= np.log(terms[label] / sum(terms)) / len(target)
    value = BalancedSoftmaxLoss(COUNTS)(score, target)
    assert value.item() == pytest.approx(expected, rel=1e-12)


def test_equals_logit_adjustment_of_strength_one():
    score, target = scores()
    value = BalancedSoftmaxLoss(COUNTS)(score, target)
    assert_close(value, LogitAdjustedLoss(1.0, COUNTS)(score, target))


def test_is_cross_entropy_with_equal_counts():
    score, target = scores()
    value = BalancedSoftmaxLoss([7] * 4)(score, target)
    assert_close(value, F.cross_entropy(score, target))


def test_raises_the_scores_of_rare_classes():
    # One feature for all: cross-entropy learns the shares, this loss equal scores.
    counts = torch.tensor([60, 30, 9, 1])
    target = torch.arange(4).repeat_interleave(counts)

    def learn(loss):
        score = torch.zeros(4, requires_grad=True)
        optimizer = torch.optim.LBFGS([score], max_iter=100)

        def closure():
            optimizer.zero_grad()
            value = loss(score.expand(100, 4), target)
            value.backward()
            return value

        optimizer.step(closure)
        return score.detach().softmax(0)

    shares = counts / 100
    assert_close(learn(F.cross_entropy), shares, rtol=0, atol=1e-3)
    fair = learn(BalancedSoftmaxLoss(counts.tolist()))
    assert_close(fair, torch.full((4,), 0.25), rtol=0, atol=1e-3)
