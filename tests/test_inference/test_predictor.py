"""A predictor says what a test says."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from PIL import Image
from torch.nn import functional as F

import lpt_mm
from lpt_mm.datasets.transforms import UnreadableImageError
from lpt_mm.inference import Prediction, Predictor
from lpt_mm.inference.packing import make_pack
from tests.test_inference.conftest import SHADES, digits_config, save_digits

COUNTS = (7, 4, 2)


@pytest.fixture(scope="module")
def predictor(shades):
    return Predictor.from_config(shades.config, shades.checkpoint)


@pytest.fixture(scope="module")
def scores(shades):
    return shades.test_scores()


def by_label(predictions):
    """Order the scores of predictions by class index, (n, C)."""
    table = np.zeros((len(predictions), 3))
    for row, prediction in zip(table, predictions, strict=True):
        row[list(prediction.labels)] = prediction.scores
    return table


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_scores_are_those_of_a_test(shades, predictor, scores, batch_size):
    predictions = predictor(shades.paths, batch_size=batch_size)
    assert_allclose(by_label(predictions), scores, rtol=1e-5, atol=1e-7)


def test_a_prediction_names_the_likeliest_classes(shades, predictor, scores):
    (one,) = predictor(str(shades.paths[0]), top=2)
    best = int(scores[0].argmax())
    assert (one.label, one.name) == (best, SHADES[best])
    assert one.score == pytest.approx(scores[0].max(), rel=1e-5)
    assert one.scores[0] >= one.scores[1]
    assert (len(one.labels), len(one.names)) == (2, 2)
    groups = ["many" if n > 5 else "medium" if n > 3 else "few" for n in COUNTS]
    assert one.shot_group == groups[best]
    assert one.path == str(shades.paths[0])
    assert one.error is None
    assert len(predictor(shades.paths[0])[0].labels) == 3  # no more than there are


def test_paths_pictures_and_arrays_give_the_same(shades, predictor):
    path = shades.paths[0]
    with Image.open(path) as image:
        mix = [path, str(path), image, np.array(image), Image.open(path)]
        table = by_label(predictor(iter(mix)))
    assert_allclose(table, table[[0] * 5], rtol=1e-5)
    array = np.array(mix[-1])
    assert_allclose(by_label(predictor(array)), table[:1], rtol=1e-5)
    assert_allclose(by_label(predictor(np.stack([array] * 2))), table[:2], rtol=1e-5)
    swapped = by_label(predictor(array[..., ::-1]))
    assert np.abs(swapped - table[:1]).max() > 1e-4  # the order of channels matters


def test_an_image_that_cannot_be_read_stops_nothing(shades, predictor, tmp_path):
    (tmp_path / "empty.jpg").touch()
    paths = [shades.paths[0], tmp_path / "empty.jpg", "gone.png", shades.paths[1]]
    float_image = np.zeros((4, 4, 3))
    predictions = predictor([*paths, float_image], batch_size=2)
    assert [p.error is None for p in predictions] == [True, False, False, True, False]
    broken = predictions[1]
    assert broken == Prediction(path=str(paths[1]), error=broken.error)
    assert (broken.label, broken.score, broken.name) == (None, None, None)
    assert "empty.jpg" in broken.error
    assert "uint8 in RGB" in predictions[4].error
    assert_allclose(
        predictions[3].scores, predictor(paths[3])[0].scores, rtol=1e-5, atol=1e-7
    )
    with pytest.raises(UnreadableImageError, match=r"gone\.png"):
        predictor(["gone.png"], strict=True)
    with pytest.raises(UnreadableImageError, match=r"gone\.png"):
        predictor.embed(["gone.png"])


def test_a_stream_is_read_as_it_goes(shades, predictor):
    taken = []

    def images():
        for i in range(100):
            taken.append(i)
            yield shades.paths[i % 4]

    stream = predictor.stream(images(), batch_size=3)
    for _ in range(7):
        next(stream)
    assert len(taken) <= 7 + 2 * 3 + 2
    stream.close()


def test_nothing_gives_nothing(predictor):
    assert predictor([]) == []
    assert predictor.embed([]).shape == (0, 32)
    assert predictor.matched_groups([]).shape == (0, 2)


@pytest.mark.parametrize("wrong", [dict(batch_size=0), dict(top=0)])
def test_numbers_that_are_not_positive_are_refused(shades, predictor, wrong):
    with pytest.raises(ValueError, match="must be at least 1"):
        predictor(shades.paths, **wrong)


def test_what_is_no_image_is_a_defect(predictor):
    with pytest.raises(TypeError, match="got int"):
        predictor([3])


def inputs_of(shades, predictor):
    """Prepare the images in another way, (n, 3, 16, 16)."""
    rows = []
    for path in shades.paths:
        image = Image.open(path).convert("RGB").resize((20, 18), Image.BILINEAR)
        pixels = np.asarray(image, dtype=np.float32)[1:17, 2:18]
        rows.append((torch.from_numpy(pixels).permute(2, 0, 1) - 127.5) / 127.5)
    return torch.stack(rows)


@torch.no_grad()
def test_features_are_what_is_classified(shades, predictor):
    features = predictor.embed(shades.paths, batch_size=5)
    assert (features.shape, features.dtype) == ((13, 32), np.float32)
    (expected,) = predictor.model.extract_feat(inputs_of(shades, predictor))
    assert_allclose(features, expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_groups_are_those_of_the_most_similar_keys(shades, predictor):
    model = predictor.model
    query = model.extract_feat(inputs_of(shades, predictor), stage="backbone")[0]
    cosine = F.cosine_similarity(query[:, None], model.neck.prompt_keys[None], dim=2)
    expected = cosine.argsort(dim=1, descending=True)[:, :2]
    assert predictor.matched_groups(shades.paths).tolist() == expected.tolist()


def test_a_model_without_groups_matches_none(tmp_path):
    cfg = digits_config()
    save_digits(tmp_path / "a.pth", cfg)
    predictor = Predictor.from_config(cfg, tmp_path / "a.pth")
    with pytest.raises(ValueError, match="no group prompts"):
        predictor.matched_groups(np.zeros((8, 8), np.uint8))


def test_images_of_another_size_are_named_where_nothing_resizes(tmp_path):
    cfg = digits_config()
    save_digits(tmp_path / "a.pth", cfg)
    predictor = Predictor.from_config(cfg, tmp_path / "a.pth")
    one, other = predictor([np.zeros((8, 8), np.uint8), np.zeros((9, 8, 3), np.uint8)])
    assert one.error is None
    assert "is 9 x 8 pixels high and wide" in other.error


def test_bfloat16_is_an_argument(shades):
    options = dict(frozen_dtype="bfloat16")
    half = Predictor.from_config(shades.config, shades.checkpoint, **options)
    assert half.model.backbone.layers[0].attn.qkv.weight.dtype == torch.bfloat16
    whole = Predictor.from_config(shades.config, shades.checkpoint)
    features = half.embed(shades.paths), whole.embed(shades.paths)
    assert features[0].dtype == np.float32
    assert_allclose(*features, atol=0.1)
    assert np.abs(features[0] - features[1]).max() > 1e-5


def test_scores_that_are_no_numbers_are_said_to_be_none(tmp_path):
    cfg = digits_config()
    save_digits(tmp_path / "a.pth", cfg)
    predictor = Predictor.from_config(cfg, tmp_path / "a.pth")
    with torch.no_grad():
        predictor.model.backbone.shared_prompts.fill_(torch.nan)
    (one,) = predictor(np.zeros((8, 8), np.uint8))
    assert "no finite numbers" in one.error
    assert one.labels == ()


def test_a_pack_needs_neither_config_nor_backbone_that_comes_with_it(tmp_path):
    cfg = digits_config("lpt/phase2_digits_lt")
    model = save_digits(tmp_path / "a.pth", cfg)
    make_pack(cfg, tmp_path / "a.pth").save(tmp_path / "a.safetensors")
    (tmp_path / "a.pth").unlink()
    predictor = lpt_mm.load(tmp_path / "a.safetensors", device="cpu")
    image = np.arange(64, dtype=np.uint8).reshape(8, 8)
    inputs = (torch.from_numpy(image).float()[None, None] - 127.5) / 127.5
    with torch.no_grad():
        expected = model.eval().predict(inputs)[0].pred_score
    (one,) = predictor(image, top=10)
    assert_allclose(one.scores, expected.sort(descending=True).values, rtol=1e-5)
    assert predictor.class_names == list("0123456789")
