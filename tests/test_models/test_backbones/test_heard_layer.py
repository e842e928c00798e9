"""Who listens to a layer, by hooks, hears of all tokens, and changes no feature."""

import pytest
import torch
from mmpretrain.registry import MODELS
from torch.testing import assert_close

from lpt_mm.models.backbones.heard_layer import is_heard, silenced
from tests.golden import tiny_lpt

TOKENS = (3, 5, 24)
PARTS = ("layers.3", "layers.3.ln1", "layers.3.attn", "layers.3.ffn", "ln1")


def build(phase, **backbone):
    model = MODELS.build(tiny_lpt(phase, **backbone)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return model


def listen(model, name):
    """Collect what a module of the backbone puts out."""
    heard = []
    module = model.backbone.get_submodule(name)
    module.register_forward_hook(lambda *call: heard.append(call[2]))
    return heard


@pytest.mark.parametrize(
    ("phase", "backbone"),
    [
        (1, {}),
        (2, {}),
        (2, dict(compile=dict(backend="eager"))),
        (2, dict(with_cp=True)),
    ],
)
def test_all_tokens_of_the_classified_pass_are_heard_once(float64, phase, backbone):
    model, x = build(phase, **backbone), torch.randn(3, 3, 16, 16)
    expected = model.extract_feat(x)[-1]
    heard = {name: listen(model, name) for name in ("layers.0", "layers.2", *PARTS)}
    feature = model.extract_feat(x)[-1]
    assert_close(feature, expected, rtol=0, atol=1e-12)
    assert {name: len(outs) for name, outs in heard.items()} == dict.fromkeys(heard, 1)
    assert all(outs[0].shape == TOKENS for outs in heard.values())
    assert_close(heard["ln1"][0][:, 0], feature, rtol=0, atol=0)
    last = model.backbone.layers[3]
    [before], [after] = heard["layers.2"], heard["layers.3"]
    assert_close(heard["layers.3.ln1"][0], last.ln1(before), rtol=0, atol=1e-12)
    attended = before + heard["layers.3.attn"][0]
    assert_close(heard["layers.3.ffn"][0], after, rtol=0, atol=0)
    assert_close(last.ffn(last.ln2(attended), attended), after, rtol=0, atol=1e-12)


@pytest.mark.parametrize("phase", [1, 2])
@pytest.mark.parametrize("name", PARTS[:-1])
def test_gradients_of_what_is_heard_exist(float64, phase, name):
    """Grad-CAM weighs the activations of a module with their gradients."""
    model = build(phase).requires_grad_(False)
    x = torch.randn(3, 3, 16, 16).requires_grad_()
    [expected] = torch.autograd.grad(model(x).sum(), x)
    [heard], gradients = [listen(model, name)], []
    module = model.backbone.get_submodule(name)
    module.register_full_backward_hook(lambda *call: gradients.append(call[2][0]))
    scores = model(x).sum()
    [gradient], [of_x] = (
        torch.autograd.grad(scores, y, retain_graph=True) for y in (heard[0], x)
    )
    assert gradient.shape == TOKENS
    assert gradient.abs().sum() > 0
    assert_close(gradients[-1], gradient, rtol=0, atol=1e-12)
    assert_close(of_x, expected, rtol=0, atol=1e-12)


def test_a_hook_can_change_the_output(float64):
    model, x = build(1), torch.randn(3, 3, 16, 16)
    model.backbone.layers[3].register_forward_hook(lambda *call: 0 * call[2])
    feature = model.extract_feat(x)[-1]
    assert_close(feature, model.backbone.ln1.bias.expand(3, -1), rtol=0, atol=0)


def test_every_kind_of_hook_is_noticed_and_silenced():
    layer = build(1).backbone.layers[0]
    assert not is_heard(layer)
    register = (
        layer.ffn.register_forward_hook,
        layer.ffn.register_forward_pre_hook,
        layer.register_full_backward_hook,
        layer.ln1.register_full_backward_pre_hook,
    )
    for method in register:
        hook = method(lambda *call: None)
        assert is_heard(layer)
        with pytest.raises(KeyError), silenced(layer):
            assert not is_heard(layer)
            raise KeyError
        assert is_heard(layer)
        hook.remove()
        assert not is_heard(layer)
