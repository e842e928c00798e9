import copy
import math

import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.models.tunings import LoRA
from lpt_mm.models.tunings.build import bottleneck_for, build_tunings
from lpt_mm.weights.identity import leave_out_backbone
from tests.golden import tiny_lpt

KINDS = ("AdaptFormer", "Adapter", "LoRA")
ALL = [dict(type=kind, bottleneck=2) for kind in KINDS]


def build(phase=1, tunings=ALL, **backbone):
    torch.manual_seed(0)
    cfg = tiny_lpt(phase, tunings=copy.deepcopy(tunings), **backbone)
    return MODELS.build(cfg)


def randomise(model):
    for parameter in model.backbone.tunings.parameters():
        nn.init.normal_(parameter, std=0.3)
    return model


def plain_layer(vit, i, tokens, prompts):
    """Concatenate, and compute what each tuning adds as its paper writes it."""
    layer, tuned = vit.layers[i], vit.tunings[i]
    x = torch.cat([tokens, *(p.expand(len(tokens), -1, -1) for p in prompts)], dim=1)
    normed = layer.ln1(x)
    query, key, value = layer.attn.qkv(normed).chunk(3, dim=-1)
    lora = tuned["lora"]
    query = query + normed @ lora.query_a @ lora.query_b / 2
    value = value + normed @ lora.value_a @ lora.value_b / 2
    heads = [t.unflatten(-1, (3, 8)).transpose(1, 2) for t in (query, key, value)]
    scores = heads[0] @ heads[1].transpose(-1, -2) / math.sqrt(8)
    mixed = (scores.softmax(dim=-1) @ heads[2]).transpose(1, 2).flatten(2)
    h = x + layer.attn.proj(mixed)
    m = layer.ffn.layers(layer.ln2(h))

    def network(part, t):
        t = F.layer_norm(t, (24,), part.ln.weight, part.ln.bias, 1e-5)
        return part.up(part.down(t).clamp_min(0))

    beside = tuned["adaptformer"].scale * network(tuned["adaptformer"], h)
    out = h + m + beside + network(tuned["adapter"], m)
    return out[:, : tokens.shape[1]]


def test_all_together_beside_shared_and_group_prompts(float64):
    model = build(phase=2)
    vit, images = randomise(model).backbone, torch.randn(3, 3, 16, 16)
    tokens, grid = vit.embed(images)
    group = torch.randn(3, 2, 5, 24)
    actual = vit.finish(tokens, 2, grid, group)  # the last layer for a single token
    expected = tokens
    for i in (2, 3):
        prompts = vit.shared_prompts[i], group[:, i - 2]
        expected = plain_layer(vit, i, expected, prompts)
    assert_close(actual, vit.ln1(expected)[:, 0], rtol=0, atol=1e-12)
    model(images, mode="tensor").sum().backward()  # the neck's way finds them, too


@pytest.mark.parametrize("kind", KINDS)
def test_starts_as_the_frozen_model(kind):
    tuned = build(tunings=[dict(type=kind, bottleneck=2)])
    plain = build(tunings=())
    plain.load_state_dict(tuned.state_dict(), strict=False)
    images = torch.randn(2, 3, 16, 16)
    expected = plain(images, mode="tensor")
    assert_close(tuned(images, mode="tensor"), expected, rtol=1e-5, atol=1e-5)


def test_initial_values():
    tuned = build_tunings([dict(t, bottleneck=64) for t in ALL], 400, 1)[0]
    for kind in ("adaptformer", "adapter"):
        network = tuned[kind]
        # Kaiming: the gain is sqrt(2 / (1 + 5)), the fan is the width.
        std = math.sqrt(2 / 6 / 400)
        assert network.down.weight.std().item() == pytest.approx(std, rel=0.05)
        for zero in (network.down.bias, network.up.weight, network.up.bias):
            assert not zero.any()
    assert tuned["adaptformer"].scale.item() == 1
    for name in ("query", "value"):
        a = getattr(tuned["lora"], f"{name}_a")
        assert 0.95 / 8 < a.abs().max().item() <= 1 / 8
        assert a.std().item() == pytest.approx(1 / 8 / math.sqrt(3), rel=0.05)
        assert not getattr(tuned["lora"], f"{name}_b").any()
    # Files of others, such as safetensors, take no other order in memory.
    assert all(p.is_contiguous() for p in tuned.parameters())


@pytest.mark.parametrize(
    ("classes", "layers", "bottleneck"),
    [
        *((10, 12, 1), (100, 12, 4), (365, 12, 8), (1000, 12, 32), (8142, 12, 256)),
        *((2, 12, 1), (48, 12, 2), (47, 12, 1), (100, 6, 8)),
    ],
)
def test_rule_of_the_bottleneck(classes, layers, bottleneck):
    expected = 2 ** max(0, int(math.log2(classes / (2 * layers))))
    assert bottleneck_for(classes, layers) == bottleneck == expected


def test_classifier_tells_the_number_of_classes():
    cfg = tiny_lpt(1, tunings=[dict(type="LoRA")])
    cfg["head"]["num_classes"] = 64
    assert MODELS.build(cfg).backbone.tunings[0]["lora"].bottleneck == 8


def test_some_layers_alone():
    tunings = build(tunings=[dict(type="LoRA", bottleneck=1, layers=(1, 3))])
    has = [list(layer) for layer in tunings.backbone.tunings]
    assert has == [[], ["lora"], ["lora"], []]


@pytest.mark.parametrize(
    ("tunings", "error"),
    [
        ([dict(type="LoRA", bottleneck=0)], "bottleneck must be .* least 1, got 0"),
        ([dict(type="LoRA", bottleneck=True)], "at least 1, got True"),
        ([dict(type="Adapter", bottleneck=1.5)], "a whole number, .* got 1.5"),
        ([dict(type="Adapter", bottleneck="x")], "a whole number, .* got 'x'"),
        ([dict(type="LoRA", bottleneck=1, layers=(2, 5))], r"layers=\(2, 5\) is no"),
        ([dict(type="LoRA", bottleneck=1, layers=(2, 2))], r"layers=\(2, 2\) is no"),
        ([dict(type="LoRA", bottleneck=1, layers=3)], "layers=3 is no range"),
        ([dict(type="LoRA", bottleneck=1, layers=(0, 1, 2))], r"1, 2\) is no range"),
        ([dict(type="LoRA", bottleneck=1, layers=(0, 1.0))], r"1.0\) is no range"),
        (dict(type="LoRA", bottleneck=1), "list of dicts with a type.* got 'type'"),
        ([dict(bottleneck=1)], "list of dicts with a type.* got {'bottleneck': 1}"),
        ([dict(type="LoRA", bottleneck=1)] * 2, "LoRA is there twice"),
        ([dict(type="LinearClsHead", bottleneck=1)], "'LinearClsHead' is none"),
    ],
)
def test_bad_settings_are_refused(tunings, error):
    with pytest.raises(ValueError, match=error):
        build(tunings=tunings)


def test_a_class_is_as_good_as_its_name():
    assert isinstance(
        build_tunings([dict(type=LoRA, bottleneck=1)], 8, 1)[0]["lora"], LoRA
    )


def test_bottleneck_is_asked_for_where_classes_are_unknown():
    backbone = tiny_lpt(1, tunings=[dict(type="LoRA")])["backbone"]
    with pytest.raises(ValueError, match="set bottleneck"):
        MODELS.build(backbone)


@pytest.mark.parametrize("phase", [1, 2])
def test_what_is_trained(phase):
    model = build(phase)
    names = {k for k, p in model.named_parameters() if p.requires_grad}
    of_tunings = {k for k, _ in model.named_parameters() if ".tunings." in k}
    assert len(of_tunings) == 4 * (7 + 6 + 4)
    if phase == 1:
        assert names == {"backbone.shared_prompts", "head.weight", *of_tunings}
    else:  # as the shared prompts are
        assert names == {"neck.group_prompts", "neck.prompt_keys", "head.weight"}


def test_hooks_hear_what_is_computed():
    vit = randomise(build()).backbone.eval()
    images, heard = torch.randn(2, 3, 16, 16), []
    expected = vit(images)[0]
    vit.layers[3].register_forward_hook(lambda *args: heard.append(args[2]))
    assert_close(vit(images)[0], expected, rtol=1e-5, atol=1e-5)
    assert_close(vit.ln1(heard[0])[:, 0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "options", [dict(with_cp=True), dict(compile=dict(backend="eager"))]
)
def test_other_ways_to_compute_give_the_same(options):
    images, results = torch.randn(2, 3, 16, 16), []
    for more in (dict(), options):
        model = randomise(build(**more))
        feature = model.extract_feat(images)[0]
        feature.square().sum().backward()
        results.append((feature, model.backbone.tunings[0]["lora"].query_b.grad))
    assert_close(*results, rtol=1e-4, atol=1e-4)


def test_frozen_layers_in_bfloat16_are_near():
    full, half = (
        randomise(build(frozen_dtype=dtype)) for dtype in ("float32", "bfloat16")
    )
    half.load_state_dict(full.state_dict())
    images = torch.randn(4, 3, 16, 16)
    feats = [model.extract_feat(images)[0] for model in (full, half)]
    assert F.cosine_similarity(*feats).min() > 0.99
    feats[1].sum().backward()
    gradients = {p.grad.dtype for p in half.backbone.tunings.parameters()}
    assert gradients == {torch.float32}


def test_light_state_brings_them():
    model = randomise(build())
    vit = model.backbone
    light = leave_out_backbone(model.state_dict(), vit.identity)
    expected = {k for k in model.state_dict() if ".tunings." in k}
    assert {k for k in light if ".tunings." in k} == expected
    plain = build(tunings=())
    plain.load_state_dict(model.state_dict(), strict=False)
    assert plain.backbone.identity == vit.identity
