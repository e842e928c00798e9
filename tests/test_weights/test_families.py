"""Every family of vision transformers gives timm's features, with and without prompts.

The models are timm's own, two layers deep, an eighth as wide and with random weights.
"""

import pytest
import timm
import torch
from mmpretrain.registry import MODELS
from torch import nn
from torch.testing import assert_close

CLIP = dict(
    pre_norm=True,
    norm_cfg=dict(type="LN", eps=1e-5),
    layer_cfgs=dict(act_cfg=dict(type="QuickGELU")),
)
DINOV2 = dict(patch_size=14, layer_scale_init_value=1e-5)
FAMILIES = {
    "vit_tiny_patch16_224": dict(arch="deit-tiny"),
    "vit_small_patch16_224": dict(arch="deit-small"),
    "vit_base_patch32_224": dict(arch="base", patch_size=32),
    "vit_large_patch16_224": dict(arch="large"),
    "vit_base_patch16_clip_quickgelu_224": dict(arch="base", **CLIP),
    "vit_base_patch32_clip_quickgelu_224": dict(arch="base", patch_size=32, **CLIP),
    "vit_small_patch14_dinov2": dict(arch="dinov2-small", **DINOV2),
    "vit_base_patch14_dinov2": dict(arch="base", **DINOV2),
    "vit_giant_patch14_dinov2": dict(
        arch="dinov2-giant", layer_cfgs=dict(ffn_type="swiglu_fused"), **DINOV2
    ),
}


SIZES = ("embed_dims", "feedforward_channels")


def small_arch(name):
    arch = MODELS.get("PromptedViT").arch_zoo[name]
    return dict(arch, num_layers=2, **{key: arch[key] // 8 for key in SIZES})


def build_timm(name, patch_size, embed_dim):
    sizes = dict(depth=2, embed_dim=embed_dim, img_size=2 * patch_size)
    vit = timm.create_model(name, num_classes=3, **sizes)
    for parameter in vit.parameters():
        nn.init.normal_(parameter, std=0.2)
    return vit.eval()


def build_ours(checkpoint, settings, img_size):
    cfg = dict(
        settings,
        type="PromptedViT",
        img_size=img_size,
        init_cfg=dict(type="PretrainedViT", checkpoint=checkpoint),
    )
    vit = MODELS.build(cfg)
    vit.init_weights()
    return vit.eval()


def concatenate_and_cut(vit, x, prompts):
    """Let timm's layers run on prompts too, and throw those away after each layer."""
    tokens = vit.norm_pre(vit._pos_embed(vit.patch_embed(x)))
    num_tokens = tokens.shape[1]
    for block, prompt in zip(vit.blocks, prompts, strict=True):
        tokens = torch.cat([tokens, prompt.expand(len(x), -1, -1)], dim=1)
        tokens = block(tokens)[:, :num_tokens]
    return vit.norm(tokens)[:, 0]


@pytest.mark.parametrize(("name", "settings"), FAMILIES.items(), ids=FAMILIES)
@torch.no_grad()
def test_features_are_timms(name, settings, float64, tmp_path):
    patch_size = settings.get("patch_size", 16)
    settings = dict(settings, arch=small_arch(settings["arch"]))
    theirs = build_timm(name, patch_size, settings["arch"]["embed_dims"])
    file = str(tmp_path / "w.pth")
    torch.save(theirs.state_dict(), file)
    x = torch.randn(2, 3, 2 * patch_size, 2 * patch_size)

    plain = build_ours(file, dict(settings, prompt_mode="none"), 2 * patch_size)
    expected = theirs.forward_features(x)[:, 0]
    assert expected.abs().mean() > 0.01
    assert_close(plain(x)[0], expected, rtol=0, atol=1e-9)

    prompted = build_ours(file, dict(settings, prompt_length=3), 2 * patch_size)
    nn.init.normal_(prompted.shared_prompts)
    expected = concatenate_and_cut(theirs, x, prompted.shared_prompts)
    assert (expected - plain(x)[0]).abs().max() > 1e-3
    assert_close(prompted(x)[0], expected, rtol=0, atol=1e-9)
