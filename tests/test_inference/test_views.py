"""Test-time ensembling after training: a predictor says what such a test says."""

import csv
import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from numpy.testing import assert_allclose
from PIL import Image
from torchvision.transforms.functional import five_crop

import lpt_mm
from lpt_mm.datasets import DigitsLT
from lpt_mm.inference import BatchPredictor, Predictor
from lpt_mm.inference.components import check_components
from lpt_mm.inference.model_card import write_model_card
from lpt_mm.inference.packing import make_pack
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.pack import read_pack
from tests.conftest import ROOT
from tests.test_inference.conftest import Scores, digits_config
from tests.test_inference.test_predictor import by_label

TEST, PREDICT = ROOT / "tools" / "test.py", ROOT / "tools" / "predict.py"
PUBLISH = ROOT / "tools" / "model_converters" / "publish_model.py"
EXPORT = ROOT / "tools" / "model_converters" / "export.py"
TTA = dict(expand=6, num_crops=5, mean="logits")


def config_with(shades, **test_cfg):
    cfg = Config.fromfile(shades.config)
    cfg.test_cfg = dict(type="EnsembleTestLoop", **test_cfg)
    return cfg


def predictor_with(shades, **test_cfg):
    return Predictor.from_config(config_with(shades, **test_cfg), shades.checkpoint)


@pytest.fixture(scope="module")
def packs(shades, tmp_path_factory):
    """Write a pack without, and one with crops."""
    folder = tmp_path_factory.mktemp("packs")
    make_pack(Config.fromfile(shades.config), shades.checkpoint).save(
        folder / "plain.safetensors"
    )
    make_pack(config_with(shades), shades.checkpoint).save(folder / "crops.safetensors")
    return folder


def load(shades, pack, **options):
    return lpt_mm.load(pack, str(shades.backbone), "cpu", **options)


@torch.no_grad()
def loop(model, paths, mean):
    """Average over crops, image by image."""
    scores = []
    for path in paths:
        # The test stretches to 20 x 18 and crops 16: so 22 * 20 / 18 and 22 pixels.
        image = Image.open(path).convert("RGB").resize((24, 22), Image.BILINEAR)
        bgr = [np.array(crop)[..., ::-1] for crop in five_crop(image, 16)]
        crops = torch.from_numpy(np.stack(bgr)).permute(0, 3, 1, 2)
        inputs = model.data_preprocessor(dict(inputs=crops))["inputs"]
        logits = model.head(model.extract_feat(inputs))
        if mean == "logits":
            scores.append(logits.mean(0).softmax(0))
        else:
            scores.append(logits.softmax(1).mean(0))
    return torch.stack(scores)


@pytest.mark.parametrize("mean", ["logits", "probabilities"])
def test_scores_are_those_of_a_plain_loop_and_of_a_test(shades, mean, tmp_path):
    predictor = predictor_with(shades, mean=mean)
    wanted = loop(predictor.model, shades.paths, mean)
    for size in (1, 4):
        found = by_label(predictor(shades.paths, batch_size=size))
        assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    cfg = config_with(shades, mean=mean)
    cfg.load_from, cfg.experiment_name = str(shades.checkpoint), f"views_{mean}"
    cfg.work_dir = str(tmp_path)
    runner = Runner.from_cfg(cfg)
    runner.register_hook(tested := Scores())
    runner.test()
    assert_allclose(torch.stack(tested.scores), wanted, rtol=1e-4, atol=1e-6)


def test_a_pack_says_so_or_the_caller(shades, packs):
    pack = read_pack(packs / "crops.safetensors")
    assert pack.tta == TTA
    check_components(pack)
    assert read_pack(packs / "plain.safetensors").tta is None
    own, plain = packs / "crops.safetensors", packs / "plain.safetensors"
    of_crops = by_label(load(shades, own)(shades.paths))
    whole = by_label(load(shades, plain)(shades.paths))
    assert np.abs(of_crops - whole).max() > 1e-4
    for pack, tta, scores in (
        (own, True, of_crops),
        (plain, True, of_crops),
        (own, False, whole),
        (plain, False, whole),
    ):
        found = by_label(load(shades, pack, tta=tta)(shades.paths))
        assert_allclose(found, scores, rtol=0, atol=0)
    for tta, scores in ((True, of_crops), (None, whole)):
        predict = BatchPredictor(plain, str(shades.backbone), "cpu", top=3, tta=tta)
        found = predict(dict(path=np.array(shades.paths)))["score"]
        assert_allclose(found.astype(float), scores.max(axis=1), rtol=1e-5)


def test_features_and_groups_are_of_the_whole_image(shades, packs):
    whole = load(shades, packs / "plain.safetensors")
    crops = load(shades, packs / "crops.safetensors")
    assert_allclose(crops.embed(shades.paths), whole.embed(shades.paths), rtol=0)
    groups = [x.matched_groups(shades.paths) for x in (whole, crops)]
    assert (groups[0] == groups[1]).all()


def test_an_image_that_cannot_be_read_stops_nothing(shades, packs):
    predictor = load(shades, packs / "crops.safetensors")
    one, bad = predictor([shades.paths[0], "no.jpg"])
    assert one.error is None
    assert "no.jpg" in bad.error
    assert predictor("no.jpg")[0].error == bad.error


def test_the_model_is_given_a_batch_at_a_time(shades, packs):
    predictor, sizes = load(shades, packs / "crops.safetensors"), []
    predictor.model.backbone.patch_embed.register_forward_pre_hook(
        lambda _, args: sizes.append(len(args[0]))
    )
    predictor(shades.paths[:7], batch_size=4)
    assert sizes == [4] * 5 + [3] * 5


def test_many_tasks_say_what_they_say_alone(shades, packs):
    paths = [packs / "crops.safetensors", packs / "plain.safetensors"]
    for tta in (None, True, False):
        tasks = load(shades, paths, tta=tta)
        assert len(tasks._views) == (2 if tta is None else 1)
        found = tasks([*shades.paths, "no.jpg"])
        for path in paths:
            alone = load(shades, path, tta=tta)([*shades.paths, "no.jpg"])
            scores = [x.scores for x in found[path.stem]]
            assert scores == [x.scores for x in alone]


def test_the_tools_go_together(shades, packs, run_here, tmp_path):
    test = (TEST, shades.config, shades.checkpoint, "--work-dir", tmp_path, "--tta")
    run_here(*test, "--out", "report.json")
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["tta"] == TTA
    publish = (PUBLISH, shades.run, shades.checkpoint, "a.safetensors")
    error = run_here(*publish, "--report", "report.json", fails=True)
    assert "test and publish both with --tta" in error
    run_here(*publish, "--report", "report.json", "--tta")
    pack = read_pack(tmp_path / "a.safetensors")
    assert (pack.tta, pack.report["tta"]) == (TTA, TTA)
    write_model_card(tmp_path / "a.safetensors", tmp_path / "a.md")
    said = "mean of the logits of 5 crops (four corners and the centre)"
    card = (tmp_path / "a.md").read_text()
    assert f"Test-time ensembling: {said}" in card
    options = ("--backbone", shades.backbone, "--device", "cpu")
    images = shades.paths[0].parent
    told = run_here(PREDICT, "a.safetensors", images, *options, "--out", "a.csv")
    assert said in " ".join(told.split())
    plain = (PREDICT, packs / "plain.safetensors", images, *options)
    assert "crops" not in run_here(*plain, "--out", "c.csv")
    run_here(*plain, "--tta", "--out", "b.csv")
    a, b, c = (list(csv.reader((tmp_path / f"{x}.csv").open())) for x in "abc")
    assert a == b != c


def test_a_pack_of_neighbours_has_the_bank_of_whole_images(tmp_path):
    banks, cfg = [], digits_config("baselines/knn_digits_lt")
    for test_cfg in (dict(), dict(type="mmpretrain.EnsembleTestLoop")):
        cfg.update(work_dir=str(tmp_path), log_level="ERROR", test_cfg=test_cfg)
        cfg.experiment_name = f"bank{len(banks)}"
        pack = make_pack(cfg, None)
        banks.append(pack.weights.tensors["head.bank"])
    assert pack.tta == dict(TTA, expand=3)
    assert torch.equal(*banks)
    path = tmp_path / "knn.safetensors"
    pack.save(path)
    image = np.array(DigitsLT(split="test")[0]["img"])
    crops, whole = (lpt_mm.load(path, tta=tta)(image)[0] for tta in (None, False))
    assert crops.scores != whole.scores


def test_an_export_says_that_it_takes_one_crop(shades, packs, run_here):
    told = run_here(
        *(EXPORT, packs / "crops.safetensors", "--to", "exported_program"),
        *("--out", "a.pt2", "--backbone", shades.backbone),
    )
    assert "the file takes one crop" in told


@pytest.mark.parametrize(
    "tta",
    [
        {},
        dict(TTA, fp16=True),
        dict(TTA, num_crops=7),
        dict(TTA, mean="/etc/passwd"),
        dict(TTA, expand=1.5),
        dict(TTA, expand=2**60),
        dict(TTA, num_crops=[5]),
    ],
)
def test_other_crops_in_a_pack_are_refused(shades, packs, tta):
    pack = read_pack(packs / "crops.safetensors")
    object.__setattr__(pack, "tta", tta)
    with pytest.raises(WeightFileError, match="no pack that can be used"):
        check_components(pack)


def test_transforms_that_are_not_understood_are_refused_by_name(shades, packs):
    pack = read_pack(packs / "plain.safetensors")
    pack.pipeline[2] = dict(type="EfficientNetCenterCrop", crop_size=16)
    model = load(shades, packs / "plain.safetensors").model
    with pytest.raises(UserError, match="has EfficientNetCenterCrop"):
        Predictor(model, pack, "cpu", tta=True)
