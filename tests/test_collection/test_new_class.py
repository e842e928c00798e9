"""A class more: what its weight is, what it costs, and what is refused."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from lpt_mm.collection.new_class import extended, refine_weight
from lpt_mm.inference import Predictor
from lpt_mm.weights.pack import read_pack
from tests.conftest import ROOT
from tests.test_collection.made_up import write_pack, write_set
from tests.test_inference.conftest import SHADES, shades  # noqa: F401 (a fixture)

TOOL = ROOT / "tools" / "add_class.py"
PUBLISH = ROOT / "tools" / "model_converters" / "publish_model.py"


@pytest.fixture
def predictor(shades, run_here, tmp_path):  # noqa: F811
    run_here(PUBLISH, shades.config, shades.checkpoint, "a.safetensors")
    shutil.copytree(shades.folder / "train" / "grey", tmp_path / "haze")
    return Predictor.from_pack(tmp_path / "a.safetensors", str(shades.backbone))


def cosines(feature, weight):
    feature = feature / np.linalg.norm(feature, axis=1, keepdims=True)
    return feature @ (weight / np.linalg.norm(weight, axis=0))


def test_the_weight_is_the_mean_feature_and_the_cost_is_counted(
    shades,  # noqa: F811
    predictor,
    run_here,
    tmp_path,
):
    pack = predictor.pack
    rng = np.random.default_rng(0)
    feature = predictor.embed(shades.paths[:4]).mean(axis=0)
    feature = feature + rng.normal(size=(60, 32)).astype("float32")
    label = rng.integers(3, size=60)
    old = pack.weights.tensors["head.weight"].numpy()
    score = 20 * cosines(feature, old)
    folder = write_set(
        tmp_path / "set", read_pack(tmp_path / "a.safetensors"), score, label, feature
    )
    backbone = ("--backbone", shades.backbone)
    said = run_here(
        *(TOOL, "a.safetensors", "haze", "--out", "b.safetensors", *backbone),
        *("--test", folder, "--new-test", "haze"),
    )
    new = Predictor.from_pack(tmp_path / "b.safetensors", str(shades.backbone))
    assert new.class_names == [*SHADES, "haze"]
    assert new.pack.cls_num_list == [7, 4, 2, 4]
    mean = predictor.embed(sorted((tmp_path / "haze").iterdir())).mean(axis=0)
    weight = np.concatenate([old, mean[:, None]], axis=1)
    logit = 20 * cosines(predictor.embed(shades.paths), weight)
    expected = np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)
    for row, found in zip(expected, new(shades.paths), strict=True):
        assert_allclose(row[list(found.labels)], found.scores, rtol=1e-3, atol=1e-6)
    after = cosines(feature, weight).argmax(axis=1)
    assert (after == 3).any()
    assert f"{100 * (after == 3).mean():.2f} % of their images are taken" in said
    (overall,) = [line for line in said.splitlines() if "overall" in line]
    before = score.argmax(axis=1) == label
    numbers = [100 * before.mean(), 100 * (after == label).mean()]
    assert [x.strip() for x in overall.split("│")[2:4]] == [f"{x:.2f}" for x in numbers]
    assert "% of further images of it are found" in said
    said = run_here(
        *(TOOL, "b.safetensors", "haze", "--out", "c.safetensors", *backbone),
        fails=True,
    )
    assert "has a class 'haze' already" in said
    assert not (tmp_path / "c.safetensors").exists()


def test_refining_takes_fewer_images_of_old_classes(
    shades,  # noqa: F811
    predictor,
    run_here,
    tmp_path,
):
    pack = read_pack(tmp_path / "a.safetensors")
    feature = predictor.embed(shades.paths)
    label = np.repeat([0, 1, 2], [7, 4, 2])
    write_set(tmp_path / "train", pack, np.zeros((13, 3)), label, feature)
    options = ("--backbone", shades.backbone, "--refine", "train", "--name", "mist")
    run_here(TOOL, "a.safetensors", "haze", "--out", "b.safetensors", *options)
    refined = read_pack(tmp_path / "b.safetensors").weights.tensors["head.weight"]
    means = np.stack([feature[label == c].mean(axis=0) for c in range(3)])
    images = predictor.embed(sorted((tmp_path / "haze").iterdir()))
    old = pack.weights.tensors["head.weight"]
    start = np.concatenate([old, images.mean(axis=0)[:, None]], axis=1)
    start = torch.from_numpy(start / np.linalg.norm(start, axis=0))
    again = refine_weight(*map(torch.as_tensor, (start, means, images)), 20.0)
    assert_allclose(refined, again, rtol=1e-3, atol=1e-5)

    def loss(weight):
        """Cross-entropy of the means and the new images, classes counting the same."""
        logit = 20 * cosines(np.concatenate([means, images]), np.asarray(weight))
        log_p = logit - np.log(np.exp(logit).sum(axis=1, keepdims=True))
        own = log_p[np.arange(7), [0, 1, 2, 3, 3, 3, 3]]
        return -(own[:3].sum() + own[3:].mean()) / 4

    assert loss(refined) < 0.9 * loss(start)
    short = write_set(
        tmp_path / "short", pack, np.zeros((11, 3)), label[:11], feature[:11]
    )
    options = ("--backbone", shades.backbone, "--refine", short)
    said = run_here(
        TOOL, "a.safetensors", "haze", "--out", "c.safetensors", *options, fails=True
    )
    assert "has no image of light" in said


@pytest.mark.parametrize(
    ("head", "options", "message"),
    [
        ("LinearHead", (), "a class can be added to a CosineHead alone"),
        ("CosineHead", ("--name", " "), "a class needs a name"),
        ("CosineHead", ("--name", "class 1"), "has a class 'class 1' already"),
        ("CosineHead", (), "there are no images in empty"),
        ("CosineHead", ("--images", "full/*.png"), "a class needs a name"),
        ("CosineHead", ("--new-test", "empty"), "there are no images in empty"),
        ("CosineHead", ("--test", "empty"), "is no folder of tools/inference/embed.py"),
    ],
)
def test_bad_input_is_one_line_before_any_work(
    run_here, tmp_path, head, options, message
):
    (tmp_path / "empty").mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a.png").touch()
    images = ["full" if "empty" in options else "empty"]
    if options[:1] == ("--images",):
        images, options = options[1:], ()
    model = dict(type="LPTClassifier", backbone={}, head=dict(type=head, num_classes=6))
    write_pack(tmp_path / "a.safetensors", model=model)
    said = run_here(
        *(TOOL, "a.safetensors", *images, "--out", "b.safetensors", *options),
        fails=True,
    )
    assert message in said
    assert not (tmp_path / "b.safetensors").exists()


def test_what_follows_the_number_of_classes_stays_as_it_was(tmp_path):
    model = dict(
        type="LPTClassifier",
        backbone=dict(type="PromptedViT", tunings=[dict(type="AdaptFormer")]),
        head=dict(type="CosineHead", num_classes=48, loss=dict(cls_num_list=[9] * 48)),
    )
    calibration = dict(temperature=dict(all=1.5), sets={})
    facts = dict(model=model, calibration=calibration, report=dict(classes=[]))
    facts["report"]["shot_groups"] = "x"
    pack = write_pack(tmp_path / "a.safetensors", counts=[9] * 48, **facts)
    new = extended(pack, torch.zeros(8, 49), "x", images=3, num_layers=1)
    # 48 classes of one layer: 24, down to a power of 2.
    assert new.model["backbone"]["tunings"][0]["bottleneck"] == 16
    assert "bottleneck" not in pack.model["backbone"]["tunings"][0]
    assert new.model["head"] == dict(type="CosineHead", num_classes=49, loss={})
    assert new.report is None  # it is of the old classes
    assert new.calibration == dict(temperature=dict(all=1.5))
    for power in (None, 0.0, 0.5):  # that of a mean feature is 0
        trained = replace(pack, balancing=dict(loss="x", prior_power=power))
        known = extended(trained, torch.zeros(8, 49), "x", 3, 1).balancing
        assert known == dict(loss="x", prior_power=None if power else power)
    calibration = dict(temperature=dict(many=1.5, few=2.0))
    pack = write_pack(tmp_path / "b.safetensors", calibration=calibration)
    assert extended(pack, torch.zeros(8, 7), "x", 3, num_layers=1).calibration is None
