import math

import pytest
import torch
from torch.testing import assert_close

from lpt_mm.models.losses import BalancedSoftmaxLoss, LADELoss
from tests.test_models.test_losses.common import COUNTS, scores


def formula(score, target, alpha, reg_weight):
    """Compute the loss in loops, class by class and image by image."""
    rows, labels = score.tolist(), target.tolist()
    share = [n / sum(COUNTS) for n in COUNTS]
    entropy = 0
    for row, label in zip(rows, labels, strict=True):
        total = sum(p * math.exp(s) for p, s in zip(share, row, strict=True))
        entropy -= math.log(share[label] * math.exp(row[label]) / total)
    regulariser = 0
    for c in set(labels):
        own = [row[c] for row, label in zip(rows, labels, strict=True) if label == c]
        expectation = sum(
            (1 / len(COUNTS)) / share[label] * math.exp(row[c])
            for row, label in zip(rows, labels, strict=True)
        ) / len(rows)
        bound = sum(own) / len(own) - math.log(expectation)
        bound -= reg_weight * math.log(expectation) ** 2
        regulariser -= share[c] * bound
    return entropy / len(rows) + alpha * regulariser


@pytest.mark.parametrize("images", [1, 3, 6, 9])  # of one class, of three, of all
@pytest.mark.parametrize(("alpha", "reg_weight"), [(0.1, 0.1), (0.5, 0.0), (2.0, 1.0)])
def test_is_the_formula(images, alpha, reg_weight):
    score, target = scores(images)
    value = LADELoss(alpha, reg_weight, COUNTS)(score, target)
    expected = formula(score, target, alpha, reg_weight)
    assert value.item() == pytest.approx(expected, rel=1e-12)


def test_is_balanced_softmax_without_the_regulariser():
    score, target = scores()
    value = LADELoss(0.0, cls_num_list=COUNTS)(score, target)
    assert_close(value, BalancedSoftmaxLoss(COUNTS)(score, target))


def test_the_best_scores_are_the_logarithms_of_the_ratio_of_densities():
    # Images of two kinds, three of four of class 0 and one of four of class 1 of the
    # first: among as many of either class, half of the images are of either kind.
    kind = torch.tensor([0] * 30 + [1] * 10 + [0] * 5 + [1] * 15)
    target = torch.tensor([0] * 40 + [1] * 20)
    best = torch.tensor([[0.75 / 0.5, 0.25 / 0.5], [0.25 / 0.5, 0.75 / 0.5]])
    table = best.double().log().requires_grad_()
    loss = LADELoss(cls_num_list=[40, 20])
    value = loss.regulariser(table[kind], target)
    value.backward()
    assert_close(table.grad, torch.zeros_like(table))
    # There it is minus the divergences of the classes from all, by their shares.
    divergence = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert value.item() == pytest.approx(-divergence)
    for _ in range(5):
        moved = table.detach() + 0.3 * torch.randn_like(table)
        assert loss.regulariser(moved[kind], target) > value


@pytest.mark.parametrize("option", ["alpha", "reg_weight"])
@pytest.mark.parametrize("value", [-0.1, math.inf, math.nan])
def test_refuses_other_settings(option, value):
    with pytest.raises(ValueError, match=f"{option} must be 0 or more, .* got {value}"):
        LADELoss(**{option: value})
