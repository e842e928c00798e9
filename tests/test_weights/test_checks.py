import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmpretrain.registry import MODELS

from lpt_mm.weights.checks import check_checkpoint, find_misfit
from lpt_mm.weights.weights import Weights
from tests.golden import tiny_lpt


def save(path, phase, prompt_length=5):
    model = MODELS.build(tiny_lpt(phase, prompt_length))
    torch.save(dict(state_dict=model.state_dict()), path)
    return str(path)


def test_phase1_starts_phase2_but_does_not_replace_it(tmp_path):
    file, model = save(tmp_path / "one.pth", phase=1), MODELS.build(tiny_lpt(2))
    check_checkpoint(model, file)
    with pytest.raises(ValueError, match=r"one\.pth does not fit .* missing: neck\."):
        check_checkpoint(model, file, new="")
    check_checkpoint(model, save(tmp_path / "two.pth", phase=2), new="")


def test_phase2_is_no_start_for_phase1(tmp_path):
    file = save(tmp_path / "two.pth", phase=2)
    with pytest.raises(ValueError, match=r"left over: neck\.group_prompts"):
        check_checkpoint(MODELS.build(tiny_lpt(1)), file)


def test_another_prompt_length_is_named(tmp_path):
    file = save(tmp_path / "one.pth", phase=1, prompt_length=3)
    shapes = r"shared_prompts is \(4, 3, 24\) float32 in the weights and \(4, 5, 24\)"
    with pytest.raises(ValueError, match=rf"prompt_length.*{shapes}"):
        check_checkpoint(MODELS.build(tiny_lpt(2)), file)


@pytest.mark.parametrize("key", ["embed_dims", "num_layers"])
def test_another_width_or_depth_is_named_with_what_to_set(tmp_path, key):
    cfg = tiny_lpt(2)
    cfg["backbone"]["arch"] = dict(cfg["backbone"]["arch"], **{key: 6})
    file = save(tmp_path / "one.pth", phase=1)
    is_a = (
        r"it is a ViT \(24 wide, 4 layers, patch 8\), the config has .*to use it, set"
    )
    with pytest.raises(ValueError, match=rf"must be the same.*{is_a} arch="):
        check_checkpoint(MODELS.build(cfg), file)


@pytest.mark.parametrize("name", ["head.weight", "backbone.pos_embed"])
@pytest.mark.parametrize("dtype", [torch.int64, torch.bool])
def test_integers_in_place_of_weights_are_refused(tmp_path, name, dtype):
    model = MODELS.build(tiny_lpt(1))
    tensors = model.state_dict()
    tensors[name] = tensors[name].to(dtype)
    torch.save(dict(state_dict=tensors), tmp_path / "one.pth")
    is_wrong = rf"of another shape or type: {name} is .* {dtype}".replace("torch.", "")
    with pytest.raises(
        ValueError, match=rf"{is_wrong} in the weights and .* float32 in the config"
    ):
        check_checkpoint(model, str(tmp_path / "one.pth"))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_any_precision_fits(dtype):
    model = MODELS.build(tiny_lpt(1))
    halved = {name: tensor.to(dtype) for name, tensor in model.state_dict().items()}
    assert find_misfit(model, Weights(halved), new="") is None


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        ((1, 17, 24), True),
        ((1, 8, 24), False),
        ((1, 17, 9), False),
        ((1, 1, 24), False),
        ((17, 24), False),
    ],
)
def test_position_embeddings_must_be_of_a_square(shape, fits):
    model = MODELS.build(tiny_lpt(1))
    positions = {"backbone.pos_embed": torch.ones(shape)}
    weights = Weights(dict(model.state_dict(), **positions))
    assert (find_misfit(model, weights, new="") is None) == fits


def test_a_model_that_is_broken_is_refused(tmp_path):
    model = MODELS.build(tiny_lpt(1))
    with torch.no_grad():
        model.head.weight[0, 0] = torch.nan
    torch.save(dict(state_dict=model.state_dict()), tmp_path / "one.pth")
    with pytest.raises(ValueError, match=r"one\.pth .* finite numbers: head\.weight"):
        check_checkpoint(model, str(tmp_path / "one.pth"))


def test_what_mmengine_saves_itself_is_refused(tmp_path):
    model = MODELS.build(tiny_lpt(1))
    content = dict(state_dict=model.state_dict(), hub=HistoryBuffer([1.0], [1]))
    torch.save(content, tmp_path / "one.pth")
    with pytest.raises(ValueError, match=r"holds more than .*publish_model\.py "):
        check_checkpoint(model, str(tmp_path / "one.pth"))
