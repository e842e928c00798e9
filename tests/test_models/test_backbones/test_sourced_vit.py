"""Light states are loaded like any others, whoever loads them."""

import pytest
import torch
from mmengine.registry import DefaultScope
from mmengine.runner import load_checkpoint
from mmpretrain.registry import MODELS
from torch.testing import assert_close

from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import leave_out_backbone
from tests.golden import tiny_lpt


def build(source=None, **backbone):
    cfg = tiny_lpt(2)
    cfg["backbone"].update(backbone)
    if source is not None:
        init = dict(type="PretrainedViT", checkpoint=str(source))
        cfg["backbone"]["init_cfg"] = init
    return MODELS.build(cfg)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "vit.pth"
    torch.save(build().backbone.frozen_state(), path)
    return path


@pytest.fixture
def trained(source):
    model = build(source)
    model.init_weights()
    return model


@pytest.fixture
def light(trained):
    return leave_out_backbone(trained.state_dict(), trained.backbone.identity)


@pytest.mark.parametrize("is_init", [False, True])
def test_a_light_state_restores_the_whole_model(source, trained, light, is_init):
    model = build(source)
    if is_init:
        model.init_weights()
    model.load_state_dict(light)
    assert_close(model.state_dict(), trained.state_dict(), rtol=0, atol=0)
    assert model.backbone.source == str(source)


def test_mmengine_loads_a_light_file(source, trained, light, tmp_path):
    torch.save(dict(state_dict=light), tmp_path / "light.pth")
    model = build(source)
    load_checkpoint(model, str(tmp_path / "light.pth"), strict=True)
    assert_close(model.state_dict(), trained.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("scope", ["mmengine", "mmpretrain"])
def test_a_light_state_is_restored_in_any_scope(source, trained, light, scope):
    """mmpretrain's get_model loads checkpoints in mmengine's scope."""
    model = build(source)
    with DefaultScope.overwrite_default_scope(scope):
        model.load_state_dict(light)
    assert_close(model.state_dict(), trained.state_dict(), rtol=0, atol=0)


def test_a_light_state_goes_with_any_frozen_dtype(source, light):
    cfg = tiny_lpt(2)
    init = dict(type="PretrainedViT", checkpoint=str(source))
    cfg["backbone"].update(init_cfg=init, frozen_dtype="bfloat16")
    model = MODELS.build(cfg)
    model.load_state_dict(light)
    assert model.backbone.layers[0].attn.qkv.weight.dtype == torch.bfloat16


def test_another_backbone_is_refused(light, tmp_path):
    other = build()
    torch.nn.init.constant_(other.backbone.ln1.weight, 2)
    torch.save(other.backbone.frozen_state(), tmp_path / "other.pth")
    model = build()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with pytest.raises(WeightFileError, match=r"vit\.pth.* config has .* 'None'"):
        model.load_state_dict(light)
    assert_close(model.state_dict(), before, rtol=0, atol=0)
    with pytest.raises(WeightFileError, match=r"vit\.pth' .*other\.pth' "):
        build(tmp_path / "other.pth").load_state_dict(light)


def test_positions_are_compared_before_they_are_resized(
    trained, light, source, tmp_path
):
    model = build(source, img_size=32)
    model.load_state_dict(light)
    assert model.backbone.pos_embed.shape == (1, 17, 24)
    assert model.backbone.identity == trained.backbone.identity

    state = torch.load(source)
    other = tmp_path / "other.pth"
    torch.save(dict(state, pos_embed=state["pos_embed"] + 1), other)
    for img_size in (16, 32):
        model = build(other, img_size=img_size)
        refused = r"vit\.pth' .*other\.pth' .* with other position embeddings: set"
        with pytest.raises(WeightFileError, match=refused):
            model.load_state_dict(dict(light))
        with pytest.raises(WeightFileError, match=refused):
            model.backbone.check_init(trained.backbone.identity)
    build(source).backbone.check_init(trained.backbone.identity)


def test_states_that_do_not_record_their_positions_are_loaded(trained, source):
    identity = trained.backbone.identity
    del identity["positions"]
    light = leave_out_backbone(trained.state_dict(), identity)
    model = build(source)
    model.load_state_dict(light)
    assert_close(model.state_dict(), trained.state_dict(), rtol=0, atol=0)


def test_an_average_of_patches_is_restored(source):
    trained = build(source, out_type="avg_featmap")
    trained.init_weights()
    light = leave_out_backbone(trained.state_dict(), trained.backbone.identity)
    model = build(source, out_type="avg_featmap")
    model.backbone.check_init(trained.backbone.identity)
    model.load_state_dict(light)
    assert_close(model.state_dict(), trained.state_dict(), rtol=0, atol=0)


def test_frozen_layers_of_a_whole_state_have_no_source(source, trained):
    model = build(source)
    model.init_weights()
    assert model.backbone.source == str(source)
    model.load_state_dict(trained.state_dict())
    assert model.backbone.source is None  # they may be others than those of the source


def test_names_that_would_move_the_cursor_are_not_printed(
    source, trained, tmp_path, capsys
):
    state = trained.state_dict()
    state["head.\x1b[2J"] = torch.ones(1)
    torch.save(dict(state_dict=state), tmp_path / "a.pth")
    with pytest.raises(WeightFileError, match="has a tensor of the name") as error:
        load_checkpoint(trained, str(tmp_path / "a.pth"))
    assert "\x1b" not in capsys.readouterr().out + str(error.value)
