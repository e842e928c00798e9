import pytest
import timm
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from safetensors.torch import save_file
from timm.layers import resample_abs_pos_embed
from timm.models.vision_transformer import checkpoint_filter_fn
from torch import nn
from torch.testing import assert_close

from lpt_mm.utils.errors import UserError
from lpt_mm.weights import PretrainedViT, WeightFileError
from lpt_mm.weights.layouts import TO_MMPRETRAIN, rename, to_mmpretrain
from tests.conftest import ROOT
from tests.golden import official_checkpoint
from tests.test_weights.small_vit import TIMM, build


@pytest.mark.parametrize(
    ("name", "save"), [("w.pth", torch.save), ("w.safetensors", save_file)]
)
def test_timm_weights_give_timms_features(timm_vit, tmp_path, name, save):
    save(timm_vit.state_dict(), tmp_path / name)
    vit, x = build(tmp_path / name).eval(), torch.randn(2, 3, 16, 16)
    expected = timm_vit.forward_features(x)[:, 0]
    assert_close(vit(x)[0], expected, rtol=0, atol=1e-5)


def test_checkpoints_of_mmpretrain_are_read(timm_vit, tmp_path):
    torch.save(timm_vit.state_dict(), tmp_path / "w.pth")
    vit = build(tmp_path / "w.pth")
    whole = {f"backbone.{k}": v for k, v in vit.state_dict().items()}
    whole["head.fc.weight"] = torch.zeros(5, 24)
    torch.save(dict(state_dict=whole, meta={}), tmp_path / "whole.pth")
    torch.save(vit.state_dict(), tmp_path / "bare.pth")
    clip = {f"visual.{k}": v for k, v in vit.state_dict().items()}
    torch.save(dict(clip, logit_scale=torch.ones(1)), tmp_path / "clip.pth")
    for name in ("whole.pth", "bare.pth", "clip.pth"):
        again = build(tmp_path / name).state_dict()
        for key, value in vit.state_dict().items():
            assert torch.equal(again[key], value)


def test_nothing_is_initialised_over_the_weights(timm_vit, tmp_path):
    torch.save(timm_vit.state_dict(), tmp_path / "w.pth")
    expected = to_mmpretrain(timm_vit.state_dict())
    for kind in ("PretrainedViT", "mmpretrain.PretrainedViT", PretrainedViT):
        init_cfg = dict(type=kind, checkpoint=str(tmp_path / "w.pth"))
        state_dict = build("", init_cfg=init_cfg).state_dict()
        assert all(torch.equal(state_dict[key], expected[key]) for key in state_dict)


def test_refuses_a_module_that_would_undo_it():
    with pytest.raises(UserError, match=r"got Linear; for a plain one use PromptedViT"):
        PretrainedViT("w.pth")(nn.Linear(1, 1))


def test_prompts_keep_their_initial_values_and_weights_are_kept(timm_vit, tmp_path):
    torch.save(timm_vit.state_dict(), tmp_path / "w.pth")
    vit = build(tmp_path / "w.pth", prompt_mode="deep")
    assert vit.shared_prompts.abs().max() < 0.2
    mlp = timm_vit.blocks[0].mlp.fc1.weight
    assert torch.equal(vit.layers[0].ffn.layers[0][0].weight, mlp)


@pytest.mark.parametrize("img_size", [32, 48])
def test_another_image_size_gives_timms_features(timm_vit, tmp_path, img_size):
    torch.save(timm_vit.state_dict(), tmp_path / "w.pth")
    vit = build(tmp_path / "w.pth", img_size=img_size).eval()
    resized = timm.models.VisionTransformer(img_size=img_size, **TIMM)
    timm.models.load_checkpoint(
        resized, str(tmp_path / "w.pth"), filter_fn=checkpoint_filter_fn
    )
    x = torch.randn(2, 3, img_size, img_size)
    expected = resized.eval().forward_features(x)[:, 0]
    assert_close(vit(x)[0], expected, rtol=0, atol=1e-5)


def test_oblong_images_are_resized_to_as_by_timm(timm_vit, tmp_path):
    torch.save(timm_vit.state_dict(), tmp_path / "w.pth")
    vit = build(tmp_path / "w.pth", img_size=(8, 32))  # 1 x 4 patches for 2 x 2
    expected = resample_abs_pos_embed(timm_vit.pos_embed, [1, 4], num_prefix_tokens=1)
    assert_close(vit.pos_embed, expected, rtol=0, atol=0)
    assert (vit.pos_embed - timm_vit.pos_embed).abs().max() > 0.01
    for img_size in ((8, 32), (16, 24)):  # of oblong images, and for the same
        vit = build("", init_cfg=None, img_size=img_size)
        torch.save(vit.state_dict(), tmp_path / "own.pth")
        again = build(tmp_path / "own.pth", img_size=img_size)
        assert_close(again.pos_embed, vit.pos_embed, rtol=0, atol=0)


def test_an_average_of_patches_starts_with_a_new_norm(timm_vit, tmp_path):
    torch.save(timm_vit.state_dict(), tmp_path / "w.pth")
    vit = build(tmp_path / "w.pth", out_type="avg_featmap").eval()
    x = torch.randn(2, 3, 16, 16)
    mean = timm_vit.forward_features(x)[:, 1:].mean(dim=1)
    expected = nn.functional.layer_norm(mean, (24,), eps=vit.ln2.eps)
    assert_close(vit(x)[0], expected, rtol=0, atol=1e-5)

    nn.init.normal_(vit.ln2.weight)
    torch.save(vit.state_dict(), tmp_path / "own.pth")  # a source that has the norm
    again = build(tmp_path / "own.pth", out_type="avg_featmap")
    assert torch.equal(again.ln2.weight, vit.ln2.weight)
    with pytest.raises(WeightFileError, match=r"left over: ln2\.bias, ln2\.weight"):
        build(tmp_path / "own.pth")


@pytest.mark.parametrize(
    ("out_type", "shape"), [("featmap", (24, 2, 2)), ("raw", (5, 24))]
)
def test_other_features_start_from_the_same_weights(
    timm_vit, tmp_path, out_type, shape
):
    torch.save(timm_vit.state_dict(), tmp_path / "w.pth")
    x = torch.randn(2, 3, 16, 16)
    feature = build(tmp_path / "w.pth", out_type=out_type).eval()(x)[0]
    assert feature.shape == (2, *shape)
    tokens = timm_vit.forward_features(x)
    if out_type == "featmap":
        feature, tokens = feature.flatten(2).transpose(1, 2), tokens[:, 1:]
    assert_close(feature, tokens, rtol=0, atol=1e-5)


def test_a_tensor_that_is_there_twice_is_refused(timm_vit, tmp_path):
    twice = dict(timm_vit.state_dict(), **{"ln1.weight": torch.ones(24)})
    torch.save(twice, tmp_path / "w.pth")
    with pytest.raises(WeightFileError, match=r"norm\.weight and ln1\.weight are"):
        build(tmp_path / "w.pth")


def test_values_that_are_no_numbers_are_refused(timm_vit, tmp_path):
    torch.save(timm_vit.state_dict(), tmp_path / "w.pth")
    vit = build(tmp_path / "w.pth")
    timm_vit.norm.bias.data[3] = torch.nan
    torch.save(timm_vit.state_dict(), tmp_path / "w.pth")
    for load_or_check in (vit.init_weights, vit.check_init):
        with pytest.raises(WeightFileError, match=r"no finite numbers: ln1\.bias"):
            load_or_check()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_are_read(timm_vit, tmp_path, dtype):
    torch.save(timm_vit.to(dtype).state_dict(), tmp_path / "w.pth")
    vit = build(tmp_path / "w.pth")
    assert torch.equal(vit.ln1.bias, timm_vit.norm.bias.float())


def test_dinov2_s_own_names_are_read(tmp_path):
    vit = build("", init_cfg=None, layer_cfgs=dict(ffn_type="swiglu_fused"))
    own_names = {
        rename(name, [(new, old) for old, new in TO_MMPRETRAIN]): tensor
        for name, tensor in vit.state_dict().items()
    }
    assert "blocks.1.mlp.w12.weight" in own_names
    own_names["mask_token"] = torch.zeros(1, 24)
    torch.save(own_names, tmp_path / "w.pth")
    again = build(tmp_path / "w.pth", layer_cfgs=dict(ffn_type="swiglu_fused"))
    assert_close(again.state_dict(), vit.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize(
    ("model", "name", "num_parameters"),
    [
        ("lpt_vit_glyphs", "vit_glyphs", 301_504),
        ("lpt_vit_photos", "vit_photos", 2_820_672),
        ("lpt_vit_photos", "vit_photos_simclr", 2_820_672),
    ],
)
def test_the_embedded_backbones_fit_their_configs(model, name, num_parameters):
    path = ROOT / "configs" / "_base_" / "models" / f"{model}.py"
    backbone = Config.fromfile(path).model.backbone
    if model == f"lpt_{name}":
        assert backbone.init_cfg.checkpoint == f"lpt_mm:{name}"
    backbone.init_cfg.checkpoint = f"lpt_mm:{name}"
    vit = MODELS.build(dict(backbone, prompt_mode="none"))
    vit.init_weights()
    assert sum(p.numel() for p in vit.parameters()) == num_parameters
    assert vit.layers[0].ffn.layers[0][0].weight.std() > 0.01


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("norm.bias"), r"missing: ln1\.bias"),
        (lambda s: s.update(extra=torch.ones(1)), "left over: extra"),
        (
            lambda s: s.update({"norm.bias": torch.ones(24, dtype=torch.int8)}),
            r"of another shape or type: ln1\.bias",
        ),
        (
            lambda s: s.update({"norm.bias": torch.ones(7)}),
            r"of another shape or type: ln1\.bias",
        ),
    ],
)
def test_refuses_weights_that_do_not_fit(timm_vit, tmp_path, change, message):
    state_dict = timm_vit.state_dict()
    change(state_dict)
    torch.save(state_dict, tmp_path / "w.pth")
    with pytest.raises(ValueError, match=rf"w\.pth' does not fit .*{message}"):
        build(tmp_path / "w.pth")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            dict(arch="deit-tiny"),
            r"it is a ViT \(24 wide, 2 layers, patch 8\), the config has a ViT-Ti/8 "
            r"\(to use it, set arch=\{'embed_dims': 24,",
        ),
        (dict(patch_size=16), "set patch_size=8 in model.backbone"),
        (dict(pre_norm=True), "pre-norm .*set pre_norm=False .*missing: pre_norm.bias"),
        (dict(layer_scale_init_value=1e-5), "set layer_scale_init_value=0.0"),
        (dict(qkv_bias=False), "set qkv_bias=True in model.backbone"),
        (dict(layer_cfgs=dict(ffn_type="swiglu_fused")), r"set layer_cfgs=\{\} in"),
    ],
)
def test_another_architecture_is_named_with_what_to_set(
    timm_vit, tmp_path, settings, message
):
    torch.save(timm_vit.state_dict(), tmp_path / "w.pth")
    with pytest.raises(WeightFileError, match=message):
        build(tmp_path / "w.pth", **settings)


def test_positions_that_are_no_square_are_refused(timm_vit, tmp_path):
    state_dict = timm_vit.state_dict()
    state_dict["pos_embed"] = torch.ones(1, 8, 24)
    torch.save(state_dict, tmp_path / "w.pth")
    with pytest.raises(WeightFileError, match="of another shape or type: pos_embed"):
        build(tmp_path / "w.pth")


def test_a_checkpoint_of_the_authors_is_to_be_converted(tmp_path):
    torch.save(official_checkpoint("phase1_forward"), tmp_path / "w.pth")
    with pytest.raises(WeightFileError, match="convert it first, with tools/.*lpt_to_"):
        build(tmp_path / "w.pth")
