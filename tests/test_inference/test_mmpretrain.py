"""mmpretrain's own ways to use a model work with checkpoints and packs of ours."""

import numpy as np
import pytest
import torch
from mmpretrain import ImageClassificationInferencer, get_model, inference_model
from numpy.testing import assert_allclose
from PIL import Image

import lpt_mm
from lpt_mm.engine.run_config import load_config
from lpt_mm.inference import publish
from tests.test_inference.conftest import SHADES


@pytest.fixture(scope="module")
def files(shades, tmp_path_factory):
    """Give the light checkpoint, and the pack."""
    pack = tmp_path_factory.mktemp("pack") / "a.safetensors"
    publish(load_config(str(shades.config)), shades.checkpoint, pack)
    return {"checkpoint": shades.checkpoint, "pack": pack}


@pytest.fixture(scope="module")
def predictor(shades, files):
    return lpt_mm.load(files["pack"], backbone=str(shades.backbone), device="cpu")


def scores_of(prediction):
    """Order scores by class, (C,)."""
    return np.array(prediction.scores)[np.argsort(prediction.labels)]


def png(shades):
    """Give an image that mmcv and Pillow decode to the same pixels."""
    return next(str(path) for path in shades.paths if path.suffix == ".png")


@pytest.mark.parametrize("kind", ["checkpoint", "pack"])
def test_get_model(shades, files, predictor, kind):
    model = get_model(str(shades.config), pretrained=str(files[kind]))
    assert list(model._dataset_meta["classes"]) == list(SHADES)
    pixels = predictor.prepare(png(shades))[None]
    with torch.no_grad():
        inputs = model.data_preprocessor(dict(inputs=pixels))["inputs"]
        score = model.predict(inputs)[0].pred_score
    (expected,) = predictor(png(shades))
    assert_allclose(score, scores_of(expected), rtol=1e-5)


@pytest.mark.parametrize("kind", ["checkpoint", "pack"])
def test_the_inferencer_takes_paths_and_arrays(shades, files, predictor, kind):
    inferencer = ImageClassificationInferencer(
        str(shades.config), pretrained=str(files[kind])
    )
    (expected,) = predictor(png(shades))
    bgr = np.array(Image.open(png(shades)))[..., ::-1]
    for result in inferencer([png(shades), bgr], batch_size=2):
        assert_allclose(result["pred_scores"], scores_of(expected), rtol=1e-5)
        assert result["pred_class"] == expected.name


def test_a_loaded_pack_goes_into_the_inferencer(shades, predictor):
    (expected,) = predictor(png(shades))
    inferencer = ImageClassificationInferencer(predictor.model)
    for result in (
        inference_model(predictor.model, png(shades)),
        inferencer(png(shades))[0],
    ):
        assert result["pred_class"] == expected.name
        assert result["pred_score"] == pytest.approx(expected.score, rel=1e-5)
