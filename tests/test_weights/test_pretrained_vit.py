import pytest
import timm
import torch
from mmpretrain.registry import MODELS
from safetensors.torch import save_file
from torch import nn
from torch.testing import assert_close

from lpt_mm.weights import PretrainedViT
from lpt_mm.weights.layouts import to_mmpretrain

ARCH = dict(embed_dims=24, num_layers=2, num_heads=3, feedforward_channels=96)


def build(checkpoint, **kwargs):
    defaults = dict(
        type="PromptedViT",
        arch=ARCH,
        img_size=16,
        patch_size=8,
        prompt_mode="none",
        init_cfg=dict(type="PretrainedViT", checkpoint=str(checkpoint)),
    )
    vit = MODELS.build(defaults | kwargs)
    vit.init_weights()
    return vit


@pytest.fixture
def timm_vit():
    vit = timm.models.VisionTransformer(
        img_size=16, patch_size=8, embed_dim=24, depth=2, num_heads=3, num_classes=5
    ).eval()
    for parameter in vit.parameters():
        nn.init.normal_(parameter, std=0.3)
    return vit


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
    for name in ("whole.pth", "bare.pth"):
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
    with pytest.raises(TypeError, match=r"got Linear; for a plain one use PromptedViT"):
        PretrainedViT("w.pth")(nn.Linear(1, 1))


def test_prompts_keep_their_initial_values_and_weights_are_kept(timm_vit, tmp_path):
    torch.save(timm_vit.state_dict(), tmp_path / "w.pth")
    vit = build(tmp_path / "w.pth", prompt_mode="deep")
    assert vit.shared_prompts.abs().max() < 0.2
    mlp = timm_vit.blocks[0].mlp.fc1.weight
    assert torch.equal(vit.layers[0].ffn.layers[0][0].weight, mlp)


def test_position_embeddings_are_resized(timm_vit, tmp_path):
    torch.save(timm_vit.state_dict(), tmp_path / "w.pth")
    vit = build(tmp_path / "w.pth", img_size=32)
    assert vit.pos_embed.shape == (1, 17, 24)
    assert_close(vit.pos_embed[:, 0], timm_vit.pos_embed[:, 0])


def test_the_embedded_backbone_fits_its_config():
    arch = dict(
        ARCH, embed_dims=64, num_layers=6, num_heads=4, feedforward_channels=256
    )
    vit = build("lpt_mm:vit_glyphs", arch=arch, img_size=8, patch_size=2, in_channels=1)
    assert sum(p.numel() for p in vit.parameters()) == 301_504
    assert vit.layers[0].ffn.layers[0][0].weight.std() > 0.01


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("norm.bias"), r"missing: ln1\.bias"),
        (lambda s: s.update(extra=torch.ones(1)), "left over: extra"),
        (
            lambda s: s.update({"norm.bias": torch.ones(7)}),
            r"of another shape: ln1\.bias",
        ),
    ],
)
def test_refuses_weights_that_do_not_fit(timm_vit, tmp_path, change, message):
    state_dict = timm_vit.state_dict()
    change(state_dict)
    torch.save(state_dict, tmp_path / "w.pth")
    with pytest.raises(ValueError, match=rf"w\.pth does not fit .*{message}"):
        build(tmp_path / "w.pth")


def test_without_network_the_error_says_what_to_fetch(monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("no network")

    monkeypatch.setattr(timm, "create_model", refuse)
    with pytest.raises(FileNotFoundError, match=r"timm/some_vit .*set model\.backbone"):
        build("timm:some_vit")
