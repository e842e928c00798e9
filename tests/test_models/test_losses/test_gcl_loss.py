import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.models.losses import AsymmetricGCLLoss, GCLLoss
from tests.test_models.test_losses.common import COUNTS, scores


def test_is_the_formula():
    cosine, target = scores(scale=1.0)
    noise = np.random.default_rng(1).normal(0, 1, cosine.shape)
    expected = 0
    for row, draws, label in zip(cosine.numpy(), noise, target.tolist(), strict=True):
        clouded = []
        for j, count in enumerate(COUNTS):
            rarity = np.log(100 / count) / np.log(100 / 3)
            depth = 0.4 * min(abs(draws[j]), 1) * rarity
            clouded.append(row[j] - depth - 0.2 * (j == label))
        expected -= log_softmax(30 * np.array(clouded))[label] / len(target)
    loss = GCLLoss(scale=30.0, margin=0.2, noise_mul=0.4, cls_num_list=COUNTS)
    value = loss(cosine, target, torch.from_numpy(noise))
    assert value.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("noise_mul", "counts"), [(0.0, COUNTS), (0.5, [7] * 4)], ids=["no noise", "equal"]
)
def test_is_cross_entropy_without_margin_and_noise(noise_mul, counts):
    cosine, target = scores(scale=1.0)
    loss = GCLLoss(margin=0.0, noise_mul=noise_mul, cls_num_list=counts)
    assert_close(loss(cosine, target), F.cross_entropy(20 * cosine, target))


def test_equals_the_asymmetric_loss_without_focus_and_smoothing():
    cosine, target = scores(scale=1.0)
    noise = torch.randn_like(cosine) / 3
    asymmetric = AsymmetricGCLLoss(
        gamma_neg=0.0, label_smoothing=0.0, cls_num_list=COUNTS
    )
    value = GCLLoss(cls_num_list=COUNTS)(cosine, target, noise)
    assert_close(value, asymmetric(cosine, target, noise))
