import pytest
import torch
from mmpretrain.models.backbones import VisionTransformer
from mmpretrain.registry import MODELS
from torch import nn
from torch.testing import assert_close

from tests.golden import golden_model, load_golden

ARCH = dict(embed_dims=24, num_layers=4, num_heads=3, feedforward_channels=96)


def build_vit(randomise=True, **kwargs):
    defaults = dict(
        type="PromptedViT", arch=ARCH, img_size=16, patch_size=8, prompt_length=5
    )
    vit = MODELS.build(defaults | kwargs)
    if randomise:  # zeros and ones of a new model would hide mistakes
        for parameter in vit.parameters():
            nn.init.normal_(parameter, std=0.3)
    return vit


def concatenate_and_cut(vit, tokens, start, prompts_of_layer):
    """Run the layers on all tokens and throw the prompts away, layer by layer."""
    for i in range(start, vit.num_layers):
        num_tokens = tokens.shape[1]
        prompts = [p.expand(len(tokens), -1, -1) for p in prompts_of_layer(i)]
        tokens = vit.layers[i](torch.cat([tokens, *prompts], dim=1))[:, :num_tokens]
    return tokens


def test_agrees_with_the_reference():
    golden, _ = load_golden("phase1_forward")
    model = golden_model("phase1_forward", phase=1).train()
    feature = model.extract_feat(golden["x"])[0]
    cosine = model.head.cosine(feature)
    (cosine * golden["loss_weight"]).sum().backward()
    assert_close(feature.detach(), golden["feature"], rtol=0, atol=1e-9)
    assert_close(cosine.detach(), golden["cosine"], rtol=0, atol=1e-9)
    gradient = model.backbone.shared_prompts.grad
    assert_close(gradient, golden["grad_prompts"], rtol=0, atol=1e-8)
    assert_close(model.head.weight.grad, golden["grad_head"], rtol=0, atol=1e-8)


@pytest.mark.parametrize("mode", ["deep", "none"])
@pytest.mark.parametrize("bias", [True, False])
def test_equals_concatenating_and_cutting(float64, mode, bias):
    vit = build_vit(prompt_mode=mode, qkv_bias=bias)
    tokens, group = torch.randn(3, 5, 24), torch.randn(3, 2, 6, 24)

    def prompts_of_layer(i):
        shared = [vit.shared_prompts[i]] if mode == "deep" else []
        return [*shared, group[:, i - 2]]

    expected = concatenate_and_cut(vit, tokens, 2, prompts_of_layer)
    assert_close(vit.encode(tokens, 2, 4, group), expected, rtol=0, atol=1e-12)


def test_layer_scale_and_pre_norm_are_kept(float64):
    vit = build_vit(layer_scale_init_value=1e-5, pre_norm=True)
    x = torch.randn(2, 3, 16, 16)
    tokens, _ = vit.embed(x)
    tokens = concatenate_and_cut(vit, tokens, 0, lambda i: [vit.shared_prompts[i]])
    assert_close(vit(x)[0], vit.ln1(tokens)[:, 0], rtol=0, atol=1e-12)


def test_last_layer_is_run_for_the_class_token_alone(monkeypatch):
    vit, shapes = build_vit(), []
    for layer in vit.layers:
        forward = layer.ffn.forward
        monkeypatch.setattr(
            layer.ffn,
            "forward",
            lambda x, identity, forward=forward: (
                shapes.append(x.shape) or forward(x, identity)
            ),
        )
    vit(torch.randn(2, 3, 16, 16))
    assert shapes == [(2, 5, 24)] * 3 + [(2, 1, 24)]
    shapes.clear()
    vit.out_type = "raw"  # all tokens are asked for
    vit(torch.randn(2, 3, 16, 16))
    assert shapes == [(2, 5, 24)] * 4


def test_changes_of_the_weights_are_seen():
    """Nothing is remembered from pass to pass; ``EMAHook`` writes through ``data``."""
    vit, other = (build_vit(frozen_prompts=True).eval() for _ in range(2))
    x = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        before = vit(x)[0]
        for own, theirs in zip(vit.parameters(), other.parameters(), strict=True):
            own.data.copy_(theirs.data)
        assert_close(vit(x)[0], other(x)[0], rtol=0, atol=0)
        assert not torch.equal(vit(x)[0], before)


def test_shallow_prompt_runs_through_all_layers(float64):
    vit = build_vit(prompt_mode="shallow")
    x = torch.randn(2, 3, 16, 16)
    tokens, _ = build_plain_twin(vit).embed(x)
    tokens = torch.cat([tokens, vit.shared_prompts.expand(2, -1, -1)], dim=1)
    for layer in vit.layers:
        tokens = layer(tokens)
    assert_close(vit(x)[0], vit.ln1(tokens)[:, 0], rtol=0, atol=1e-12)


def build_plain_twin(vit):
    twin = build_vit(prompt_mode="none")
    twin.load_state_dict(vit.state_dict(), strict=False)
    return twin


def test_is_the_plain_transformer_without_prompts():
    vit = build_vit(prompt_mode="none", out_indices=[1, 3], out_type="raw")
    plain = VisionTransformer(
        ARCH, img_size=16, patch_size=8, out_indices=[1, 3], out_type="raw"
    )
    plain.load_state_dict(vit.state_dict())
    x = torch.randn(2, 3, 32, 24)  # another size: position embeddings are resized
    for ours, theirs in zip(vit(x), plain(x), strict=True):
        assert_close(ours, theirs)


@pytest.mark.parametrize(
    ("kwargs", "trained"),
    [
        (dict(), {"shared_prompts"}),
        (dict(prompt_mode="shallow"), {"shared_prompts"}),
        (dict(prompt_mode="none"), set()),
        (dict(frozen_prompts=True), set()),
    ],
)
def test_only_the_prompts_are_trained(kwargs, trained):
    vit = build_vit(**kwargs)
    assert {n for n, p in vit.named_parameters() if p.requires_grad} == trained


def test_everything_is_trained_when_not_frozen():
    assert all(p.requires_grad for p in build_vit(frozen=False).parameters())


def test_frozen_layers_stay_in_evaluation_mode():
    vit = build_vit(drop_rate=0.5, drop_path_rate=0.5).train()
    x = torch.randn(2, 3, 16, 16)
    assert vit.training
    assert_close(vit(x)[0], vit(x)[0], rtol=0, atol=0)
    thawed = build_vit(drop_rate=0.5, frozen=False).train()
    assert not torch.equal(thawed(x)[0], thawed(x)[0])


def test_prompts_start_as_small_truncated_normal():
    vit = build_vit(randomise=False, prompt_length=500)
    assert vit.shared_prompts.shape == (4, 500, 24)
    assert_close(vit.shared_prompts.std().item(), 0.02, rtol=0.05, atol=0)
    before = vit.shared_prompts.clone()
    vit.init_weights()
    assert_close(vit.shared_prompts, before, rtol=0, atol=0)
    assert vit.pos_embed.any()


def test_is_a_backbone_of_any_classifier():
    backbone = dict(
        type="PromptedViT", arch=ARCH, img_size=16, patch_size=8, prompt_length=5
    )
    head = dict(type="LinearClsHead", num_classes=3, in_channels=24)
    model = MODELS.build(dict(type="ImageClassifier", backbone=backbone, head=head))
    model.init_weights()
    assert model(torch.randn(2, 3, 16, 16)).shape == (2, 3)


def test_frozen_layers_can_be_held_in_bfloat16():
    vit = build_vit(frozen_dtype="bfloat16")
    kept = {"cls_token", "pos_embed", "ln1.weight", "ln1.bias", "shared_prompts"}
    in_float32 = {n for n, p in vit.named_parameters() if p.dtype == torch.float32}
    assert in_float32 == kept
    exact = build_vit()
    exact.load_state_dict(vit.state_dict())
    x = torch.randn(8, 3, 16, 16)
    feature, expected = vit(x)[0], exact(x)[0]
    assert feature.dtype == torch.float32
    assert 0 < (feature - expected).abs().max() < 0.1 * expected.std()
    ours, theirs = (
        torch.autograd.grad(f.square().sum(), m.shared_prompts)[0]
        for f, m in ((feature, vit), (expected, exact))
    )
    assert ours.dtype == torch.float32
    assert torch.cosine_similarity(ours.flatten(), theirs.flatten(), dim=0) > 0.99


@pytest.mark.parametrize("mode", ["deep", "shallow", "none"])
def test_bfloat16_goes_with_autocast_and_every_mode(mode):
    vit, x = (
        build_vit(frozen_dtype="bfloat16", prompt_mode=mode),
        torch.randn(2, 3, 16, 16),
    )
    with torch.autocast("cpu", torch.bfloat16):
        inside = vit(x)[0].float()
    assert_close(inside, vit(x)[0], rtol=0.1, atol=0.1)


def test_checkpoints_change_no_gradient(float64):
    vit, x = build_vit(), torch.randn(2, 3, 16, 16)
    gradients = []
    for vit.with_cp in (False, True):
        gradient = torch.autograd.grad(vit(x)[0].sum(), vit.shared_prompts)[0]
        gradients.append(gradient)
    assert_close(*gradients, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (dict(prompt_mode="wide"), "'deep', 'shallow', 'none'.*'wide'"),
        (dict(prompt_length=0), "at least 1, got 0; for no prompts"),
        (dict(frozen_dtype="float16"), "'float32', 'bfloat16'.*'float16'"),
        (dict(frozen_dtype="bfloat16", frozen=False), "for frozen=True.*--amp"),
    ],
)
def test_refuses_impossible_settings(kwargs, message):
    with pytest.raises(ValueError, match=message):
        build_vit(**kwargs)


def test_a_wrong_key_names_the_component():
    with pytest.raises(TypeError, match="PromptedViT.*prompt_size"):
        build_vit(prompt_size=3)
