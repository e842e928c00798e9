import logging

import numpy as np
import pytest
import timm
import torch
from torch import nn
from torch.testing import assert_close

from lpt_mm.weights import WeightFileError
from tests.test_weights.small_vit import ARCH, TIMM, build


def save_npz(vit, path):
    """Save a transformer of timm as Google's AugReg does."""

    def put(name, module):
        arrays[f"{name}/bias"] = module.bias
        arrays[f"{name}/kernel"] = module.weight.T

    def put_norm(name, module):
        arrays[f"{name}/scale"], arrays[f"{name}/bias"] = module.weight, module.bias

    arrays = {
        "cls": vit.cls_token,
        "embedding/bias": vit.patch_embed.proj.bias,
        "embedding/kernel": vit.patch_embed.proj.weight.permute(2, 3, 1, 0),
        "Transformer/posembed_input/pos_embedding": vit.pos_embed,
    }
    put("head", nn.Linear(24, 11))
    put_norm("Transformer/encoder_norm", vit.norm)
    for i, block in enumerate(vit.blocks):
        layer = f"Transformer/encoderblock_{i}"
        put_norm(f"{layer}/LayerNorm_0", block.norm1)
        put_norm(f"{layer}/LayerNorm_2", block.norm2)
        put(f"{layer}/MlpBlock_3/Dense_0", block.mlp.fc1)
        put(f"{layer}/MlpBlock_3/Dense_1", block.mlp.fc2)
        attention = f"{layer}/MultiHeadDotProductAttention_1"
        weight = block.attn.qkv.weight.view(3, 3, 8, 24).permute(0, 3, 1, 2)
        bias = block.attn.qkv.bias.view(3, 3, 8)
        for j, name in enumerate(("query", "key", "value")):
            arrays[f"{attention}/{name}/kernel"] = weight[j]  # (D, heads, D / heads)
            arrays[f"{attention}/{name}/bias"] = bias[j]
        put(f"{attention}/out", block.attn.proj)
        kernel = f"{attention}/out/kernel"
        arrays[kernel] = arrays[kernel].reshape(3, 8, 24)
    np.savez(path, **{k: v.detach().numpy() for k, v in arrays.items()})


def test_npz_files_give_timms_features(timm_vit, tmp_path):
    save_npz(timm_vit, tmp_path / "w.npz")
    vit, x = build(tmp_path / "w.npz").eval(), torch.randn(2, 3, 16, 16)
    expected = timm_vit.forward_features(x)[:, 0]
    assert_close(vit(x)[0], expected, rtol=0, atol=1e-5)
    with pytest.raises(WeightFileError, match="num_heads is 3 in the weights and 4 in"):
        build(tmp_path / "w.npz", arch=dict(ARCH, num_heads=4))


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_truncated_npz_is_refused(timm_vit, tmp_path, share):
    save_npz(timm_vit, tmp_path / "w.npz")
    whole = (tmp_path / "w.npz").read_bytes()
    (tmp_path / "w.npz").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(WeightFileError, match="truncated or damaged"):
        build(tmp_path / "w.npz")


@pytest.mark.parametrize(
    ("name", "array", "reason"),
    [
        ("Transformer/encoder_norm/scale", np.ones(1, np.float32), "19,249 values, "),
        ("Transformer/more", np.ones(3, np.float32), "19,275 values, the model 19,272"),
        ("cls", np.ones((1, 1, 24), np.int8), "an array of type int8"),
        ("Transformer/posembed_input/pos_embedding", np.ones(5), "no whole vision"),
    ],
)
def test_npz_files_that_timm_would_bend_into_shape_are_refused(
    timm_vit, tmp_path, name, array, reason
):
    save_npz(timm_vit, tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz") as file:
        arrays = dict(file) | {name: array}
    np.savez(tmp_path / "w.npz", **arrays)
    with pytest.raises(WeightFileError, match=reason):
        build(tmp_path / "w.npz")


def test_an_npz_without_some_layer_is_refused(timm_vit, tmp_path):
    save_npz(timm_vit, tmp_path / "w.npz")
    with np.load(tmp_path / "w.npz") as file:
        arrays = {k: file[k] for k in file.files if "block_1/Mlp" not in k}
    np.savez(tmp_path / "w.npz", **arrays)
    with pytest.raises(WeightFileError, match=r"no whole .*encoderblock_1/MlpBlock_3"):
        build(tmp_path / "w.npz")


@pytest.fixture
def timm_model(monkeypatch):
    """Let timm give out a small model where one of its own is asked for."""

    def create_model(name, pretrained=False, num_classes=1000):
        assert (name, num_classes) == ("some_vit", 0)
        asked.append(pretrained)
        return vit

    vit = timm.models.VisionTransformer(img_size=16, **dict(TIMM, num_classes=0))
    asked = []
    monkeypatch.setattr(timm, "create_model", create_model)
    return vit, asked


def test_models_are_fetched_by_timm(timm_model):
    theirs, asked = timm_model
    vit = build("timm:some_vit")
    assert_close(vit.cls_token, theirs.cls_token, rtol=0, atol=0)
    vit.check_init()
    assert asked == [True, False]  # a check downloads nothing


def test_settings_that_no_tensor_shows_are_compared_with_timms(timm_model):
    with pytest.raises(WeightFileError, match="activation is GELU .* and QuickGELU in"):
        build("timm:some_vit", layer_cfgs=dict(act_cfg=dict(type="QuickGELU")))
    with pytest.raises(WeightFileError, match="num_heads is 3 in the weights and 6 in"):
        build("timm:some_vit", arch=dict(ARCH, num_heads=6))


def test_another_eps_of_layer_norm_is_a_warning(timm_model, monkeypatch):
    logged = []
    monkeypatch.setattr(
        "lpt_mm.weights.pretrained_vit.print_log",
        lambda text, logger, level=logging.INFO: logged.append((level, text)),
    )
    build("timm:some_vit", norm_cfg=dict(type="LN", eps=1e-5))
    warning = "layer_norm_eps is 1e-06 in the weights and 1e-05 in the config"
    assert logged[0] == (logging.WARNING, f"timm:some_vit: {warning}")
    logged.clear()
    build("timm:some_vit")
    assert [level for level, _ in logged] == [logging.INFO]


def test_unknown_names_are_answered_with_similar_ones():
    with pytest.raises(WeightFileError, match="similar names: vit_base_patch16_224"):
        build("timm:vit_bsae_patch16_224.augreg_in21k")


def test_without_network_the_error_says_what_to_fetch(monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no network")

    monkeypatch.setattr(timm, "create_model", refuse)
    with pytest.raises(WeightFileError, match=r"timm/some_vit .*set model\.backbone"):
        build("timm:some_vit")
    name = "vit_base_patch16_clip_quickgelu_224.openai"  # another name at the hub
    with pytest.raises(WeightFileError, match=r"patch16_clip_224\.openai"):
        build(f"timm:{name}")
