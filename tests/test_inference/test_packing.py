"""From a config and its checkpoint to a pack."""

import json

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmpretrain.registry import DATASETS, MODELS
from torch.testing import assert_close

import lpt_mm
from lpt_mm.engine.run_config import load_config
from lpt_mm.engine.testing import run_test
from lpt_mm.inference.packing import find_config, make_pack, publish
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.pack import read_pack
from tests.conftest import ROOT
from tests.test_inference.conftest import (
    CONFIGS,
    SHADES,
    digits_config,
    save_digits,
)

TOOL = ROOT / "tools" / "model_converters" / "publish_model.py"
TEST = ROOT / "tools" / "test.py"
PREPROCESSOR = "model.data_preprocessor"
COUNTS = [100, 71, 51, 36, 26, 18, 13, 9, 6, 5]


def test_the_tool_writes_all_that_is_known(shades, run_here, tmp_path):
    options = ("--work-dir", tmp_path, "--out", "report.json")
    run_here(TEST, shades.config, shades.checkpoint, *options)
    run_here(
        *(TOOL, shades.run, shades.checkpoint, "a.safetensors"),
        *("--report", "report.json"),
    )
    pack = read_pack(tmp_path / "a.safetensors")
    assert pack.class_names == list(SHADES)
    assert pack.cls_num_list == [7, 4, 2]
    assert (pack.convention, pack.thresholds) == ("lpt", [3, 5])
    assert pack.data_preprocessor == dict(
        type="ClsDataPreprocessor", mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True
    )
    kinds = ["LoadImage", "Resize", "CenterCrop", "PackInputs"]
    assert [transform["type"] for transform in pack.pipeline] == kinds
    assert pack.pipeline[1]["scale"] == [20, 18]
    assert pack.model["neck"]["pool_size"] == 5
    assert "init_cfg" not in json.dumps(pack.model)
    assert pack.balancing == dict(
        loss="AsymmetricGCLLoss",
        instance_loss="AsymmetricGCLLoss",
        sampler="DualSampler",
        reweighting=None,
        prior_power=0.0,
    )
    assert pack.weights.identity["source"] == str(shades.backbone)
    assert pack.report == json.loads((tmp_path / "report.json").read_text())
    assert pack.lpt_mm == lpt_mm.__version__
    tensors = torch.load(shades.checkpoint, weights_only=True)["state_dict"]
    assert_close(pack.weights.tensors, dict(tensors), rtol=0, atol=0)


@pytest.mark.parametrize(
    "name",
    [
        "lpt/phase2_digits_lt",
        "baselines/fine_tuning_digits_lt",
        "baselines/knn_digits_lt",
        "baselines/nearest_class_mean_digits_lt",
        "baselines/gda_digits_lt",
        "centred",
        "residual",
        "soft",
    ],
)
def test_a_pack_is_as_good_as_its_checkpoint(name, tmp_path):
    """A third of the test set is classified, one way and the other."""
    config, checkpoint = str(CONFIGS / f"{name}.py"), None
    chosen = list(range(0, 739, 3))
    options = {"log_level": "ERROR", "test_dataloader.dataset.indices": chosen}
    if "/" not in name:
        config = str(CONFIGS / "lpt/phase2_digits_lt.py")
    if name in ("residual", "soft"):
        options |= {"model.neck.matching": name, "model.neck.choice_noise": 1.0}
        options |= {"model.neck.center": True, "model.neck.temperature": 0.3}
    if name == "centred":
        options |= {"model.head.center": True, "model.neck.center": True}
        options["model.head.head_init"] = "/a/file.npz"  # read by trainings alone
    cfg = load_config(config, options, str(tmp_path / "work"))
    if cfg.train_cfg is not None:
        checkpoint = tmp_path / "a.pth"
        save_digits(checkpoint, cfg)
    publish(cfg, checkpoint, tmp_path / "a.safetensors")
    again = load_config(config, options, str(tmp_path / "again"))
    report = run_test(again, checkpoint and str(checkpoint))
    predictor = lpt_mm.load(tmp_path / "a.safetensors")
    assert predictor.pack.cls_num_list == COUNTS
    dataset = DATASETS.build(dict(type="DigitsLT", split="test"))
    images = [dataset.get_data_info(i) for i in chosen]
    labels = [image["gt_label"] for image in images]
    predictions = predictor([image["img"] for image in images], top=1)
    hits = [p.label == label for p, label in zip(predictions, labels, strict=True)]
    assert 100 * np.mean(hits) == pytest.approx(report["long_tail/overall"])
    of_class_9 = np.array(labels) == 9
    assert report["classes"][9]["accuracy"] == pytest.approx(
        100 * np.mean(np.array(hits)[of_class_9])
    )
    groups = [row["shot_group"] for row in report["classes"]]
    assert all(p.shot_group == groups[p.label] for p in predictions)


def test_a_whole_transformer_that_was_trained_goes_with_it(tmp_path):
    cfg = digits_config("baselines/fine_tuning_digits_lt")
    model = save_digits(tmp_path / "a.pth", cfg)
    publish(cfg, tmp_path / "a.pth", tmp_path / "a.safetensors")
    loaded = lpt_mm.load(tmp_path / "a.safetensors", device="cpu").model
    assert_close(loaded.state_dict(), model.state_dict(), rtol=0, atol=0)
    with pytest.raises(UserError, match="has its backbone with it"):
        lpt_mm.load(tmp_path / "a.safetensors", backbone="lpt_mm:vit_glyphs")


def test_features_of_a_transformer_that_was_trained_go_with_it(tmp_path):
    trained = save_digits(
        tmp_path / "a.pth", digits_config("baselines/fine_tuning_digits_lt")
    )
    state = {k: v for k, v in trained.state_dict().items() if "backbone" in k}
    torch.save(dict(state_dict=state), tmp_path / "b.pth")
    cfg = digits_config("baselines/nearest_class_mean_digits_lt")
    cfg.merge_from_dict({"work_dir": str(tmp_path), "log_level": "ERROR"})
    publish(cfg, tmp_path / "b.pth", tmp_path / "a.safetensors")
    loaded = lpt_mm.load(tmp_path / "a.safetensors", device="cpu").model
    own = {k: v for k, v in loaded.state_dict().items() if "backbone" in k}
    assert_close(own, state, rtol=0, atol=0)
    assert loaded.head.bank.shape == (10, 64)


def test_a_data_preprocessor_at_the_top_goes_with_it_and_is_compared(tmp_path):
    cfg = digits_config()
    save_digits(tmp_path / "a.pth", cfg, settings={f"{PREPROCESSOR}.mean": [127.5]})
    cfg.data_preprocessor = cfg.model.pop("data_preprocessor")
    preprocessor = make_pack(cfg, tmp_path / "a.pth").data_preprocessor
    assert (preprocessor["mean"], preprocessor["std"]) == ([127.5], [127.5])
    cfg.data_preprocessor.mean = [3.0]
    with pytest.raises(UserError, match=r"mean=\[127\.5\], the config has \[3\.0\]"):
        make_pack(cfg, tmp_path / "a.pth")


def test_a_difference_may_be_allowed(tmp_path):
    cfg = digits_config("lpt/phase2_digits_lt")
    save_digits(tmp_path / "a.pth", cfg, settings={"model.neck.topk": 2})
    cfg.default_hooks.settings_check.allow = "model.neck.topk"
    assert make_pack(cfg, tmp_path / "a.pth").model["neck"]["topk"] == 4


def test_checkpoints_of_mmengine_itself_are_packed(tmp_path):
    cfg = digits_config("lpt/phase2_digits_lt")
    model = MODELS.build(cfg.model)
    model.backbone.load_source()
    hub = dict(log_scalars=dict(loss=HistoryBuffer([1.0], [1])))
    content = dict(state_dict=model.state_dict(), message_hub=hub, meta=dict(epoch=1))
    torch.save(content, tmp_path / "a.pth")
    publish(cfg, tmp_path / "a.pth", tmp_path / "a.safetensors")
    predictor = lpt_mm.load(tmp_path / "a.safetensors")
    assert predictor.pack.cls_num_list is None
    (one,) = predictor(np.zeros((8, 8), np.uint8))
    assert one.shot_group is None
    assert one.name == str(one.label)


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        (dict(settings={"model.neck.topk": 2}), "trained with model.neck.topk=2"),
        (dict(settings={"model.data_preprocessor.mean": [1]}), "mean=[1]"),
        (dict(cls_num_list=[3, 2]), "has counts of 2 classes, and its model 10"),
        (dict(dataset_meta=dict(classes=list("012345678x"))), "has: 9, x"),
        (dict(dataset_meta=dict(classes=list("1023456789"))), "in another order"),
    ],
)
def test_a_checkpoint_that_says_otherwise_is_refused(tmp_path, meta, message):
    cfg = digits_config("lpt/phase2_digits_lt")
    save_digits(tmp_path / "a.pth", cfg, **meta)
    with pytest.raises(UserError) as error:
        make_pack(cfg, tmp_path / "a.pth")
    assert message in str(error.value)


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    save_digits(tmp_path / "a.pth", digits_config())
    with pytest.raises(UserError, match="missing: neck.group_prompts"):
        make_pack(digits_config("lpt/phase2_digits_lt"), tmp_path / "a.pth")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(shot_groups="oltr: few < 15 <= medium <= 40 < many"), "shot groups oltr"),
        (dict(train_images=1), "other counts of training images"),
        (dict(name="x"), "other names of classes"),
    ],
)
def test_the_report_of_another_model_is_refused(tmp_path, change, message):
    rows = [
        dict(name=name, train_images=count) | change
        for name, count in zip("0123456789", COUNTS, strict=True)
    ]
    groups = "lpt: few <= 15 < medium <= 40 < many"
    report = dict(shot_groups=groups, classes=rows) | change
    (tmp_path / "a.json").write_text(json.dumps(report))
    cfg = digits_config()
    save_digits(tmp_path / "a.pth", cfg)
    with pytest.raises(UserError, match=message):
        make_pack(cfg, tmp_path / "a.pth", tmp_path / "a.json")


def test_a_model_that_was_trained_needs_its_checkpoint():
    with pytest.raises(FileNotFoundError, match="name the checkpoint"):
        make_pack(digits_config(), None)


def test_a_config_without_a_test_has_no_transforms(tmp_path):
    cfg = digits_config()
    save_digits(tmp_path / "a.pth", cfg)
    cfg.test_dataloader = None
    with pytest.raises(UserError, match="no test_dataloader"):
        make_pack(cfg, tmp_path / "a.pth")


def test_nothing_is_written_over(tmp_path):
    cfg = digits_config()
    save_digits(tmp_path / "a.pth", cfg)
    (tmp_path / "a.safetensors").write_text("mine")
    with pytest.raises(FileExistsError, match="is not overwritten"):
        publish(cfg, tmp_path / "a.pth", tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").read_text() == "mine"


def test_the_config_of_a_run_is_found(tmp_path):
    with pytest.raises(FileNotFoundError, match="has 0 configs"):
        find_config(str(tmp_path))
    (tmp_path / "a.py").touch()
    assert find_config(str(tmp_path)) == str(tmp_path / "a.py")
    assert find_config(str(tmp_path / "a.py")) == str(tmp_path / "a.py")
    (tmp_path / "b.py").touch()
    with pytest.raises(FileNotFoundError, match="has 2 configs: name the config file"):
        find_config(str(tmp_path))
    (tmp_path / "a.pth").touch()
    with pytest.raises(UserError, match="is no config: name the config"):
        find_config(str(tmp_path / "a.pth"))
