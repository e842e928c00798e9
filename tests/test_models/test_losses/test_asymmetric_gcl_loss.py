import pytest
import torch
from mmpretrain.registry import MODELS
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.models import AsymmetricGCLLoss
from tests.golden import load_golden

PLAIN = dict(margin=0.0, noise_mul=0.0, gamma_neg=0.0, label_smoothing=0.0)
COUNTS = [100, 30, 10, 3]


@pytest.mark.parametrize("setting", [0, 1])
def test_agrees_with_the_reference(setting):
    golden, meta = load_golden("asymmetric_gcl")
    kwargs = meta["settings"][setting]
    loss = AsymmetricGCLLoss(
        scale=kwargs["s"],
        margin=kwargs["m"],
        noise_mul=kwargs["noise_mul"],
        gamma_pos=kwargs["gamma_pos"],
        gamma_neg=kwargs["gamma_neg"],
        cls_num_list=golden["class_counts"].tolist(),
    )
    cosine = golden["cosine"].requires_grad_()
    value = loss(cosine, golden["target"], golden["raw_noise"])
    value.backward()
    assert_close(value.detach(), golden[f"loss_{setting}"], rtol=0, atol=1e-9)
    assert_close(cosine.grad, golden[f"grad_{setting}"], rtol=0, atol=1e-8)


def test_is_cross_entropy_without_its_extras(float64):
    loss = AsymmetricGCLLoss(scale=7.0, cls_num_list=COUNTS, **PLAIN)
    cosine, target = torch.rand(6, 4), torch.arange(6) % 4
    assert_close(loss(cosine, target), F.cross_entropy(7 * cosine, target))
    loss = AsymmetricGCLLoss(
        scale=7.0, cls_num_list=COUNTS, **(PLAIN | dict(label_smoothing=0.1))
    )
    expected = F.cross_entropy(7 * cosine, target, label_smoothing=0.1)
    assert_close(loss(cosine, target), expected)


def test_noise_lowers_rare_classes_and_margin_the_label(float64):
    kwargs = PLAIN | dict(noise_mul=0.5, margin=0.1)
    loss = AsymmetricGCLLoss(scale=1.0, cls_num_list=COUNTS, **kwargs)
    cosine, target = torch.rand(2, 4), torch.tensor([0, 3])
    noise = torch.tensor([[-2.0, 0.3, -0.2, 0.1], [0.0, 0.0, 0.0, 5.0]])
    log_counts = torch.tensor(COUNTS, dtype=torch.float64).log()
    rarity = (log_counts[0] - log_counts) / (log_counts[0] - log_counts[3])
    clouded = cosine - 0.5 * noise.abs().clamp(max=1) * rarity
    clouded = clouded - 0.1 * F.one_hot(target, 4)
    assert_close(loss(cosine, target, noise), F.cross_entropy(clouded, target))


def test_noise_has_the_right_spread_and_is_drawn_anew():
    loss = AsymmetricGCLLoss(cls_num_list=[10, 1])
    seen = []
    loss._cloud(torch.zeros(1, 2), torch.zeros(1, 2, dtype=torch.bool), None)
    for _ in range(2):
        cosine = torch.zeros(20000, 2)
        is_label = torch.zeros_like(cosine, dtype=torch.bool)
        seen.append(loss._cloud(cosine, is_label, None))
    frequent, rare = seen[0].unbind(dim=1)
    assert not frequent.any()
    # mean of |N(0, 1/3)|, times noise_mul
    assert_close(-rare.mean(), torch.tensor(0.5 / 3 * 0.7979), rtol=0, atol=3e-3)
    assert not torch.equal(seen[0], seen[1])


def test_noise_and_margin_act_in_training_only():
    loss = AsymmetricGCLLoss(cls_num_list=COUNTS, gamma_neg=0.0, label_smoothing=0.0)
    cosine, target = torch.rand(3, 4), torch.tensor([0, 1, 2])
    assert_close(loss.eval()(cosine, target), F.cross_entropy(20 * cosine, target))
    assert loss.train()(cosine, target) > loss.eval()(cosine, target)


def test_equal_counts_have_no_noise():
    loss = AsymmetricGCLLoss(cls_num_list=[5, 5, 5])
    cosine, target = torch.rand(4, 3), torch.tensor([0, 1, 2, 0])
    assert_close(loss(cosine, target), loss(cosine, target))
    assert torch.isfinite(loss(cosine, target))


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 4.0])
def test_saturated_scores_give_finite_gradients(gamma):
    loss = AsymmetricGCLLoss(
        scale=1000.0, gamma_pos=gamma, gamma_neg=gamma, cls_num_list=[9, 3, 1]
    )
    cosine = torch.tensor([[1.0, -1, -1], [-1, -1, 1]], requires_grad=True)
    value = loss(cosine, torch.tensor([0, 0]))
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(cosine.grad).all()


def test_refuses_classes_without_images_and_unknown_counts():
    with pytest.raises(ValueError, match=r"no training image in classes \[1, 2\]"):
        AsymmetricGCLLoss(cls_num_list=[3, 0, 0])
    loss = MODELS.build(dict(type="AsymmetricGCLLoss"))
    with pytest.raises(ValueError, match="needs the class counts"):
        loss(torch.rand(2, 3), torch.tensor([0, 1]))
