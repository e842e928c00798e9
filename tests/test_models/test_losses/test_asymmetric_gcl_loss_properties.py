"""The loss against its formula in numpy, and at the ends of the number range."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from lpt_mm.models import AsymmetricGCLLoss

CLASSES = st.sampled_from([2, 3, 10, 365, 8142])
GAMMAS = st.sampled_from([0.0, 1e-3, 0.01, 0.5, 0.99, 1.0, 2.5, 4.0, 8.0])
DTYPES = (torch.float32, torch.bfloat16, torch.float16)


@st.composite
def losses(draw, classes):
    """Draw a loss: its options, its class counts, training or not."""
    options = dict(
        scale=draw(st.sampled_from([1.0, 20.0, 64.0])),
        gamma_pos=draw(GAMMAS),
        gamma_neg=draw(GAMMAS),
        label_smoothing=draw(st.sampled_from([0.0, 0.1])),
    )
    some = draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=4))
    loss = AsymmetricGCLLoss(cls_num_list=np.resize(some, classes).tolist(), **options)
    return loss.train(draw(st.booleans()))


@st.composite
def scores(draw, classes, values):
    """Draw (B, C) scores of a few values, and the labels (B,)."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    images = draw(st.integers(1, 3))
    pool = draw(st.lists(values, min_size=1, max_size=5))
    label = rng.integers(classes, size=images)
    return rng.choice(pool, size=(images, classes)), label


def formula(loss, cosine, target, noise):
    """Compute loss and gradient (B, C) from the definition, in float64 numpy."""
    images, classes = cosine.shape
    is_label = np.arange(classes) == target[:, None]
    logit = cosine.copy()
    if loss.training:
        gap = np.log(max(loss.cls_num_list) / np.array(loss.cls_num_list))
        rarity = gap / gap.max() if gap.any() else gap
        logit -= loss.noise_mul * np.abs(np.clip(noise, -1, 1)) * rarity
        logit[is_label] -= loss.margin
    logit = loss.scale * (logit - logit.max(axis=1, keepdims=True))
    prob = np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)
    log_prob = logit - np.log(np.exp(logit).sum(axis=1, keepdims=True))
    others = np.where(is_label, 0, prob).sum(axis=1, keepdims=True)
    focus = np.where(is_label, others**loss.gamma_pos, prob**loss.gamma_neg)
    if loss.gamma_pos:  # d focus / d log p
        slope = -loss.gamma_pos * prob * others ** (loss.gamma_pos - 1)
    else:
        slope = np.zeros_like(prob)
    slope = np.where(is_label, slope, loss.gamma_neg * focus)
    weight = loss.label_smoothing / classes + (1 - loss.label_smoothing) * is_label
    slope = -weight * (focus + log_prob * slope) / images
    gradient = slope - prob * slope.sum(axis=1, keepdims=True)
    value = -(weight * focus * log_prob).sum(axis=1).mean()
    return value, loss.scale * gradient


def compute(loss, cosine, target, noise=None):
    """Compute loss and gradient as the package does."""
    cosine = cosine.clone().requires_grad_()
    value = loss(cosine, torch.from_numpy(target), noise)
    value.backward()
    return value.detach(), cosine.grad


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.data())
@pytest.mark.parametrize("dtype", [torch.float64, *DTYPES], ids=str)
def test_cosines_give_loss_and_gradient_of_the_formula(dtype, data):
    classes = data.draw(CLASSES)
    loss = data.draw(losses(classes))
    cosine, target = data.draw(scores(classes, st.floats(-1, 1)))
    cosine = torch.from_numpy(cosine).to(dtype)
    noise = torch.randn(cosine.shape, dtype=torch.float64) / 3
    computed_in = torch.promote_types(dtype, torch.float32)
    noise = noise.to(computed_in)
    value, gradient = compute(loss, cosine, target, noise)
    expected, slope = formula(loss, cosine.double().numpy(), target, noise.numpy())
    rough = 1e-9 if dtype == torch.float64 else 1e-4
    assert value.dtype == computed_in
    assert value.item() == pytest.approx(expected, rel=rough, abs=rough)
    slope = torch.from_numpy(slope).to(dtype)
    fine = dict(rtol=0, atol=loss.scale * rough)
    if dtype in (torch.bfloat16, torch.float16):  # gradients are rounded to it at last
        fine["rtol"] = torch.finfo(dtype).eps
    assert_close(gradient, slope, **fine)


@settings(deadline=None, derandomize=True, max_examples=80)
@given(st.data())
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_any_finite_scores_give_a_finite_loss_and_gradient(dtype, data):
    classes = data.draw(CLASSES)
    loss = data.draw(losses(classes))
    most = torch.finfo(dtype).max
    values = st.one_of(
        st.floats(-most, most),
        st.sampled_from([-most, most, -1e4, 1e4, -60.0, 5.0, -1.0, 1.0, 0.0]),
    )
    cosine, target = data.draw(scores(classes, values))
    cosine = torch.from_numpy(cosine).clamp(-most, most).to(dtype)
    value, gradient = compute(loss, cosine, target)
    assert value.isfinite()
    assert value >= 0
    assert gradient.isfinite().all()


@pytest.mark.parametrize("gamma", [1e-3, 0.5, 0.99])
def test_large_multiples_of_the_loss_have_finite_gradients(gamma):
    # Half precision trains on 2 ** 16 times the loss.
    loss = AsymmetricGCLLoss(gamma_pos=gamma, gamma_neg=gamma, cls_num_list=[3, 2, 1])
    for gap in (np.linspace(0, 200, 2001) / loss.scale).tolist():
        cosine = torch.tensor([[gap, -gap, 0.0]], requires_grad=True)
        (2.0**16 * loss.eval()(cosine, torch.tensor([0]))).backward()
        assert cosine.grad.isfinite().all()


def test_a_score_that_is_not_a_number_is_not_hidden():
    loss = AsymmetricGCLLoss(cls_num_list=[3, 2, 1])
    assert loss(torch.tensor([[0.1, float("nan"), 0.2]]), torch.tensor([0])).isnan()
