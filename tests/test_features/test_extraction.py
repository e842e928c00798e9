"""Features of models, as a user compares them."""

import json

import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import DATASETS, MODELS
from PIL import Image
from torch.testing import assert_close

from lpt_mm.engine.testing import set_test
from lpt_mm.features.extraction import extract_features, frozen_backbone
from lpt_mm.weights.identity import leave_out_backbone
from lpt_mm.weights.skeleton import build_skeleton
from tests.conftest import ROOT

TOOL = ROOT / "tools" / "analysis_tools" / "features.py"
CONFIGS = ROOT / "configs"
PHASE1 = CONFIGS / "lpt" / "phase1_digits_lt.py"


@pytest.fixture
def model():
    """Build phase 1, with prompts that disturb the features."""
    model = MODELS.build(Config.fromfile(PHASE1).model)
    model.backbone.load_source()
    torch.nn.init.normal_(model.backbone.shared_prompts)
    return model


@pytest.fixture
def checkpoint(model, tmp_path):
    """Save it without the frozen layers, as runs do."""
    light = leave_out_backbone(model.state_dict(), model.backbone.identity)
    torch.save(dict(state_dict=light), tmp_path / "light.pth")
    return tmp_path / "light.pth"


def test_frozen_features_are_those_of_the_pretrained_weights():
    cfg = frozen_backbone(Config.fromfile(PHASE1))
    set_test(cfg, None, "test")
    features = extract_features(cfg, "frozen")
    assert features.train.shape == (335, 64)
    assert features.test.shape == (740, 64)
    assert features.cls_num_list.tolist() == [100, 71, 51, 36, 26, 18, 13, 9, 6, 5]
    assert features.class_names == list("0123456789")

    backbone = MODELS.build(cfg.model.backbone).eval()
    backbone.load_source()
    dataset = cfg.test_dataloader.dataset
    image = torch.from_numpy(DATASETS.build(dataset).get_data_info(-1)["img"])
    with torch.no_grad():
        expected = backbone((image[None, None].float() - 127.5) / 127.5)[-1]
    assert_close(torch.from_numpy(features.test[-1:]), expected)


def test_nothing_that_was_trained_is_in_the_frozen_backbone():
    cfg = Config.fromfile(PHASE1)
    cfg.model.backbone.tunings = [dict(type="AdaptFormer", bottleneck=2)]
    backbone = build_skeleton(frozen_backbone(cfg).model).backbone
    assert not backbone.tuned_state()


def test_the_tool_compares_with_the_frozen_backbone(checkpoint, run_here, tmp_path):
    command = (PHASE1, checkpoint, "--out", "f/f.json", "--picture", "f/f.png")
    few = "test_dataloader.dataset.indices=200"  # t-SNE of all takes its time
    out = run_here(TOOL, *command, "--cfg-options", few)
    assert "lpt: few <= 15 < medium <= 40 < many" in out
    report = json.loads((tmp_path / "f" / "f.json").read_text())
    frozen, trained = report["models"].values()
    assert list(report["models"]) == ["frozen", "phase1_digits_lt"]
    assert report["num_neighbors"] == 10
    assert 85 < frozen["knn"]["overall"] < 95
    assert frozen["gamma"] == pytest.approx(frozen["inter"] / frozen["intra"])
    assert trained["gamma"] != frozen["gamma"]
    with Image.open(tmp_path / "f" / "f.png") as image:
        assert image.format == "PNG"
    assert "is not overwritten" in run_here(TOOL, *command, fails=True)


def test_frozen_accuracy_is_that_of_the_knn_baseline(run_here, checkpoint, tmp_path):
    knn = CONFIGS / "baselines" / "knn_digits_lt.py"
    run_here(ROOT / "tools" / "test.py", knn, "--out", "knn.json")
    run_here(TOOL, PHASE1, checkpoint, "--out", "f.json")
    ours = json.loads((tmp_path / "f.json").read_text())["models"]["frozen"]["knn"]
    theirs = json.loads((tmp_path / "knn.json").read_text())
    for key, accuracy in ours.items():
        assert accuracy == pytest.approx(theirs[f"long_tail/{key}"])


def test_light_and_whole_checkpoints_give_the_same(
    checkpoint, model, run_here, tmp_path
):
    torch.save(dict(state_dict=model.state_dict()), tmp_path / "whole.pth")
    run_here(TOOL, PHASE1, checkpoint, PHASE1, "whole.pth", "--out", "f.json")
    models = json.loads((tmp_path / "f.json").read_text())["models"]
    assert list(models) == ["frozen", "light", "whole"]
    assert models["light"] == models["whole"] != models["frozen"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([PHASE1, "gone.pth"], "there is no checkpoint 'gone.pth'"),
        (["gone.py", "gone.pth"], "there is no config 'gone.py'"),
    ],
)
def test_faults_are_told_in_a_line(run_here, arguments, message):
    assert message in run_here(TOOL, *arguments, fails=True)


def test_models_of_other_images_are_not_compared(checkpoint, run_here, tmp_path):
    other = tmp_path / "other.py"
    other.write_text(
        f"_base_ = {str(PHASE1)!r}\ntest_dataloader = dict(dataset=dict(indices=99))\n"
    )
    out = run_here(TOOL, PHASE1, checkpoint, other, checkpoint, fails=True)
    assert "other has other training or test images" in out


def test_without_pretrained_weights_there_is_no_frozen_backbone():
    cfg = Config.fromfile(PHASE1)
    cfg.model.backbone.init_cfg = None
    with pytest.raises(ValueError, match="no model.backbone.init_cfg"):
        frozen_backbone(cfg)
