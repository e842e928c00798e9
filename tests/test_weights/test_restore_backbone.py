import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from torch.testing import assert_close

from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import leave_out_backbone
from lpt_mm.weights.pretrained_vit import restore_backbone
from lpt_mm.weights.weights import Weights
from tests.conftest import ROOT
from tests.golden import tiny_lpt


@pytest.fixture
def light(tmp_path):
    """A light checkpoint, and the model that it is of."""
    init = dict(type="PretrainedViT", checkpoint=str(tmp_path / "vit.pth"))
    model = MODELS.build(tiny_lpt(2, init_cfg=init))
    torch.save(model.backbone.frozen_state(), tmp_path / "vit.pth")
    model.init_weights()
    weights = Weights(leave_out_backbone(model.state_dict(), model.backbone.identity))
    return weights, model


def test_a_light_checkpoint_is_made_whole(light, tmp_path):
    light, model = light
    whole = restore_backbone(light, str(tmp_path / "vit.pth"))
    assert light.is_light
    assert not whole.is_light
    assert_close(whole.tensors, dict(model.state_dict()), rtol=0, atol=0)
    assert (
        whole.hidden_settings == light.hidden_settings == model.backbone.hidden_settings
    )
    assert restore_backbone(whole) is whole


@pytest.mark.parametrize("name", ["cls_token", "pos_embed"])
def test_another_backbone_is_refused(light, tmp_path, name):
    light, model = light
    other = model.backbone.frozen_state()
    other[name] = other[name] + 1
    torch.save(other, tmp_path / "other.pth")
    refused = r"was trained on the ViT .*vit\.pth' .*other\.pth' .* is another: name"
    with pytest.raises(WeightFileError, match=refused):
        restore_backbone(light, str(tmp_path / "other.pth"))
    torch.save({"w": torch.ones(1)}, tmp_path / "other.pth")
    with pytest.raises(
        WeightFileError, match=r"other\.pth' holds no whole vision tran"
    ):
        restore_backbone(light, str(tmp_path / "other.pth"))


@pytest.mark.parametrize("source", ["{0}", "file://{0}", "timm:vit_tiny", "a\n.pth"])
def test_no_source_is_opened_on_the_word_of_a_file(
    light, tmp_path, source, monkeypatch
):
    light, model = light
    source = source.format(tmp_path / "vit.pth")
    identity = dict(model.backbone.identity, source=source)
    light = Weights(leave_out_backbone(model.state_dict(), identity))
    monkeypatch.setattr("lpt_mm.weights.pretrained_vit.read_weights", pytest.fail)
    with pytest.raises(WeightFileError, match="name it with --backbone") as error:
        restore_backbone(light)
    assert source.replace("\n", r"\n") in str(error.value)


def test_a_backbone_of_this_package_is_read():
    cfg = Config.fromfile(ROOT / "configs" / "lpt" / "phase1_digits_lt.py").model
    model = MODELS.build(cfg)
    model.init_weights()
    light = Weights(leave_out_backbone(model.state_dict(), model.backbone.identity))
    whole = restore_backbone(light)
    assert_close(whole.tensors, dict(model.state_dict()), rtol=0, atol=0)
