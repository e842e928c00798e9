"""The golden files as checkpoints of the authors, converted and used."""

import pytest
import torch
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from torch.testing import assert_close

from lpt_mm.engine.run_config import load_config
from lpt_mm.engine.start import check_start
from lpt_mm.weights import WeightFileError
from lpt_mm.weights.checks import find_misfit
from lpt_mm.weights.description import describe
from lpt_mm.weights.official import from_official, to_official
from lpt_mm.weights.reading import read_file
from lpt_mm.weights.weights import Weights
from tests.conftest import ROOT
from tests.golden import load_golden, official_checkpoint, tiny_lpt

CONVERTERS = ROOT / "tools" / "model_converters"
PHASES = pytest.mark.parametrize("phase", [1, 2])


def save_official(path, phase, prefix="", wrapped=True):
    state = official_checkpoint(f"phase{phase}_forward", prefix)
    torch.save(dict(state_dict=state, epoch=3) if wrapped else state, path)
    return official_checkpoint(f"phase{phase}_forward")


def write_config(path, phase):
    """Inherit the config of the authors' checkpoint, as small as the golden files."""
    model = tiny_lpt(phase)
    neck = dict(pool_size=6, topk=2, prompt_length=5, num_shared_layers=2)
    model = dict(
        backbone=dict(
            arch=dict(model["backbone"]["arch"], _delete_=True),
            img_size=16,
            patch_size=8,
            prompt_length=5,
        ),
        head=dict(num_classes=7),
        neck=neck if phase == 2 else None,
    )
    base = ROOT / "configs" / "lpt" / "official_places_lt.py"
    path.write_text(f"_base_ = {str(base)!r}\nmodel = {model!r}\n")


@pytest.mark.parametrize(
    ("phase", "prefix", "wrapped"), [(1, "", False), (2, "module.", True)]
)
def test_converted_files_give_the_golden_outputs(
    run_here, tmp_path, float64, phase, prefix, wrapped
):
    state = save_official(tmp_path / "lpt.pth", phase, prefix, wrapped)
    run_here(CONVERTERS / "lpt_to_mm.py", "lpt.pth", "mm.pth")
    write_config(tmp_path / "official.py", phase)
    cfg = load_config("official.py")  # from here on, what tools/test.py does
    cfg.load_from = "mm.pth"
    cfg.experiment_name = tmp_path.name
    check_start(cfg, training=False)
    runner = Runner.from_cfg(cfg)
    runner.load_or_resume()

    golden, _ = load_golden(f"phase{phase}_forward")
    model = runner.model.eval()
    with torch.no_grad():
        feature = model.extract_feat(golden["x"])[-1]
        cosine = model.head.cosine(feature)
    assert_close(feature, golden["feature"], rtol=0, atol=1e-9)
    assert_close(cosine, golden["cosine"], rtol=0, atol=1e-9)

    run_here(CONVERTERS / "mm_to_lpt.py", "mm.pth", "back.pth")
    back = torch.load("back.pth", weights_only=True)["state_dict"]
    assert back.keys() == state.keys()
    for name, tensor in state.items():
        assert back[name].dtype == tensor.dtype
        assert torch.equal(back[name], tensor)


@PHASES
def test_our_checkpoints_go_out_and_come_back_bit_for_bit(phase):
    tensors = MODELS.build(tiny_lpt(phase)).state_dict()
    back = from_official(to_official(Weights(tensors))).tensors
    assert back.keys() == tensors.keys()
    assert all(torch.equal(back[name], tensors[name]) for name in tensors)


def test_another_eps_of_layer_norm_is_told(run_here, tmp_path):
    model = MODELS.build(tiny_lpt(1))
    meta = dict(backbone=model.backbone.hidden_settings)
    torch.save(dict(meta=meta, state_dict=model.state_dict()), tmp_path / "mm.pth")
    out = run_here(CONVERTERS / "mm_to_lpt.py", "mm.pth", "lpt.pth")
    assert "this model was trained with 1e-06" in out


def test_a_converted_file_is_for_an_eps_of_1e_5(tmp_path):
    save_official(tmp_path / "lpt.pth", 2)
    weights = from_official(read_file(tmp_path / "lpt.pth"))
    for eps, misfit in (
        (1e-5, None),
        (1e-6, "layer_norm_eps is 1e-05 in the weights and 1e-06"),
    ):
        model = MODELS.build(tiny_lpt(2, norm_cfg=dict(type="LN", eps=eps)))
        found = find_misfit(model, weights, new="")
        assert found == misfit or misfit in found


@pytest.mark.parametrize(
    ("drop", "reason"),
    [
        ("blocks.1.", "not whole: it lacks layers.1.attn.proj.bias"),
        ("prompt_learner.head", "it lacks the prompts or the classifier"),
        ("prompt_learner.", "the file is no checkpoint of LPT's authors"),
        ("prompt_learner.Prompt_Keys", "of one piece: missing: neck.prompt_keys"),
    ],
)
def test_parts_of_a_checkpoint_are_refused(drop, reason):
    state = official_checkpoint("phase2_forward")
    state = {k: v for k, v in state.items() if not k.startswith(drop)}
    with pytest.raises(WeightFileError, match=reason):
        from_official(Weights(state))


def test_integers_in_place_of_weights_are_refused():
    state = official_checkpoint("phase1_forward")
    state["prompt_learner.head.weight"] = state["prompt_learner.head.weight"].long()
    with pytest.raises(WeightFileError, match=r"another shape or type: head\.weight"):
        from_official(Weights(state))


def test_what_the_authors_have_no_place_for_is_refused():
    with pytest.raises(WeightFileError, match="no checkpoint of lpt_mm"):
        to_official(Weights(official_checkpoint("phase1_forward")))
    model = MODELS.build(tiny_lpt(1, pre_norm=True))
    with pytest.raises(WeightFileError, match=r"pre-norm .*which the authors'"):
        to_official(Weights(model.state_dict()))


def test_a_classifier_of_timm_is_left_out():
    state = official_checkpoint("phase1_forward")
    weights = Weights(state | {"head.weight": torch.ones(9, 24)})
    converted = from_official(weights).tensors
    assert torch.equal(converted["head.weight"], state["prompt_learner.head.weight"])
    assert describe(weights).num_classes == 7


def test_another_activation_is_refused():
    model = MODELS.build(tiny_lpt(1, layer_cfgs=dict(act_cfg=dict(type="QuickGELU"))))
    meta = dict(backbone=model.backbone.hidden_settings)
    with pytest.raises(WeightFileError, match="with QuickGELU, the authors' code has"):
        to_official(Weights(model.state_dict(), meta))


def test_files_that_cannot_be_written_leave_nothing_behind(run_here, tmp_path):
    save_official(tmp_path / "lpt.pth", 1)
    (tmp_path / "file").write_text("no folder")
    out = run_here(CONVERTERS / "lpt_to_mm.py", "lpt.pth", "file/mm.pth", fails=True)
    assert out.startswith("error: ")


def test_no_file_is_overwritten_and_none_is_left_half_written(run_here, tmp_path):
    save_official(tmp_path / "lpt.pth", 1)
    (tmp_path / "mine.pth").write_text("precious")
    out = run_here(CONVERTERS / "lpt_to_mm.py", "lpt.pth", "mine.pth", fails=True)
    assert "'mine.pth' exists and is not overwritten" in out
    assert (tmp_path / "mine.pth").read_text() == "precious"
    out = run_here(CONVERTERS / "lpt_to_mm.py", "mine.pth", "new.pth", fails=True)
    assert out.startswith("error: 'mine.pth' is no weight file")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lpt.pth", "mine.pth"]
