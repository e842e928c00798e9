import pytest
import torch
from mmpretrain.registry import MODELS
from torch.testing import assert_close

from lpt_mm.weights.complete import complete
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.identity import leave_out_backbone
from lpt_mm.weights.reading import Weights
from tests.golden import tiny_lpt


def test_a_light_checkpoint_is_made_whole(tmp_path):
    model = MODELS.build(tiny_lpt(2))
    torch.save(model.backbone.frozen_state(), tmp_path / "vit.pth")
    model.backbone.source = str(tmp_path / "vit.pth")
    identity = model.backbone.identity
    light = Weights(leave_out_backbone(model.state_dict(), identity))
    whole = complete(light)
    assert light.is_light
    assert not whole.is_light
    assert_close(whole.tensors, dict(model.state_dict()), rtol=0, atol=0)
    assert whole.numerics == light.numerics == model.backbone.numerics
    assert complete(whole) is whole

    other = model.backbone.frozen_state()
    other["cls_token"] = other["cls_token"] + 1
    torch.save(other, tmp_path / "vit.pth")
    with pytest.raises(WeightFileError, match="was trained on the ViT .* but the conf"):
        complete(light)
