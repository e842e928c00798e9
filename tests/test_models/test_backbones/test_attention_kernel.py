import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.models.backbones import attention_kernel
from lpt_mm.models.backbones.attention_kernel import attention, fused_is_fast


def inputs(dtype=torch.float64, requires_grad=False):
    shapes = (2, 3, 4, 8), (2, 3, 6, 8), (2, 3, 6, 8)
    return [
        torch.randn(shape, dtype=dtype, requires_grad=requires_grad) for shape in shapes
    ]


@pytest.mark.parametrize("scale", [None, 0.7])
@pytest.mark.parametrize("masked", [False, True])
def test_plain_attention_is_the_fused_one(monkeypatch, scale, masked):
    mask = torch.randn(4, 6, dtype=torch.float64) if masked else None
    sources = inputs(requires_grad=True)
    fused = F.scaled_dot_product_attention(*sources, mask, scale=scale)
    monkeypatch.setattr(attention_kernel, "fused_is_fast", lambda *tensors: False)
    plain = attention(*sources, mask, scale=scale)
    assert_close(plain, fused, rtol=0, atol=1e-12)
    weight = torch.randn_like(fused)
    ours = torch.autograd.grad((plain * weight).sum(), sources)
    theirs = torch.autograd.grad((fused * weight).sum(), sources)
    assert_close(ours, theirs, rtol=0, atol=1e-12)


def test_plain_attention_drops_weights(monkeypatch):
    monkeypatch.setattr(attention_kernel, "fused_is_fast", lambda *tensors: False)
    query, key, _ = inputs()
    weights = attention(query, key, torch.eye(6, dtype=torch.float64), dropout=0.5)
    kept = (query * 8**-0.5 @ key.mT).softmax(-1) * 2
    assert_close(weights[weights != 0], kept[weights != 0])
    assert 0 < (weights == 0).sum() < weights.numel()


@pytest.mark.parametrize("amx", [False, True])
def test_the_fused_kernel_is_for_all_but_training_in_16_bits_without_amx(
    monkeypatch, amx
):
    monkeypatch.setattr(attention_kernel, "HAS_AMX", amx)
    short = inputs(torch.bfloat16)
    assert fused_is_fast(*inputs(torch.float32, requires_grad=True))
    assert fused_is_fast(*short)
    short[2].requires_grad_()
    assert fused_is_fast(*short) == amx
    with torch.no_grad():
        assert fused_is_fast(*short)
    assert fused_is_fast(*(tensor.to("meta") for tensor in short))
