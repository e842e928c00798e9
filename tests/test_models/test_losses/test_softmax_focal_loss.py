import numpy as np
import pytest
import torch
from scipy.special import softmax
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.models.losses import SoftmaxFocalLoss
from tests.test_models.test_losses.common import scores


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
def test_is_the_formula(gamma):
    score, target = scores()
    expected = 0
    for row, label in zip(score.numpy(), target, strict=True):
        prob = softmax(row)[label]
        expected -= (1 - prob) ** gamma * np.log(prob) / len(target)
    value = SoftmaxFocalLoss(gamma)(score, target)
    assert value.item() == pytest.approx(expected, rel=1e-12)


def test_is_cross_entropy_without_focus():
    score, target = scores()
    assert_close(SoftmaxFocalLoss(0.0)(score, target), F.cross_entropy(score, target))


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_gradient_is_that_of_the_formula(gamma):
    score, target = scores()
    score.requires_grad_()
    assert torch.autograd.gradcheck(lambda s: SoftmaxFocalLoss(gamma)(s, target), score)


@pytest.mark.parametrize("gamma", [1e-3, 0.5, 0.99, 2.0])
def test_sure_images_have_finite_gradients(gamma):
    for gap in np.linspace(0, 200, 201).tolist():
        score = torch.tensor([[gap, -gap]], requires_grad=True)
        # Half precision trains on 2 ** 16 times the loss.
        (2.0**16 * SoftmaxFocalLoss(gamma)(score, torch.tensor([0]))).backward()
        assert score.grad.isfinite().all()
