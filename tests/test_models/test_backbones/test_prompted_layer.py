"""The cheap layer against the whole one: concatenate, run, cut."""

import pytest
import torch
from mmpretrain.models.backbones.vision_transformer import TransformerEncoderLayer
from torch import nn
from torch.testing import assert_close

from lpt_mm.models.backbones import prompted_layer
from lpt_mm.models.backbones.prompted_layer import run_class_token, run_layer

VARIANTS = {
    "plain": {},
    "no_bias": dict(qkv_bias=False),
    "layer_scale": dict(layer_scale_init_value=0.1),
    "swiglu": dict(ffn_type="swiglu_fused"),
}


def build_layer(**kwargs):
    layer = TransformerEncoderLayer(24, 3, 96, **kwargs)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, std=0.3)
    return layer.requires_grad_(False).eval()


def inputs():
    """Tokens of 3 images, a prompt for all and one for each."""
    return torch.randn(3, 7, 24), [torch.randn(1, 5, 24), torch.randn(3, 2, 24)]


def concatenate_and_cut(layer, tokens, prompts):
    expanded = [prompt.expand(len(tokens), -1, -1) for prompt in prompts]
    return layer(torch.cat([tokens, *expanded], dim=1))[:, : tokens.shape[1]]


@pytest.fixture(params=VARIANTS)
def layer(request, float64):
    return build_layer(**VARIANTS[request.param])


def test_prompts_are_keys_and_values_only(layer):
    tokens, prompts = inputs()
    expected = concatenate_and_cut(layer, tokens, prompts)
    assert_close(run_layer(layer, tokens, prompts), expected, rtol=0, atol=1e-12)


def test_class_token_alone_equals_the_whole_layers(layer):
    tokens, prompts = inputs()
    expected = concatenate_and_cut(layer, tokens, prompts)[:, :1]
    assert_close(run_class_token(layer, tokens, prompts), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("whole", [True, False])
def test_gradients_are_those_of_the_whole_layer(layer, whole):
    tokens, prompts = inputs()
    sources = [tokens.requires_grad_(), *(p.requires_grad_() for p in prompts)]
    expected = concatenate_and_cut(layer, tokens, prompts)
    if whole:
        out = run_layer(layer, tokens, prompts, with_cp=True)
    else:
        expected, out = expected[:, :1], run_class_token(layer, tokens, prompts)
    weight = torch.randn_like(out)
    ours = torch.autograd.grad((out * weight).sum(), sources)
    theirs = torch.autograd.grad((expected * weight).sum(), sources)
    assert_close(ours, theirs, rtol=0, atol=1e-11)


def test_parts_of_the_batch_add_up(layer, monkeypatch):
    tokens, prompts = inputs()
    expected = concatenate_and_cut(layer, tokens, prompts)
    monkeypatch.setattr(prompted_layer, "CPU_FFN_TOKENS", 14)
    assert_close(run_layer(layer, tokens, prompts), expected, rtol=0, atol=1e-12)


def count_saved(function):
    """Count the numbers that autograd keeps for the backward pass, weights aside."""
    saved = {}

    def pack(tensor):
        if not isinstance(tensor, nn.Parameter):
            saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().size()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        out = function()
    assert out.requires_grad
    return sum(saved.values())


def test_checkpoints_keep_less():
    layer = build_layer()
    tokens = torch.randn(3, 7, 24, requires_grad=True)
    kept = count_saved(lambda: run_layer(layer, tokens, []))
    hidden = 3 * 7 * 96 * 4
    assert kept >= hidden
    assert count_saved(lambda: run_layer(layer, tokens, [], with_cp=True)) < (
        kept - 0.9 * hidden
    )
