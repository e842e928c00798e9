"""What the models of a page compute of a photo is what predictors say."""

import shutil

import pytest
import torch
from numpy.testing import assert_allclose

from lpt_mm.datasets.transforms import image_file
from lpt_mm.demo.cards import Controls, make_card
from lpt_mm.demo.models import Models
from lpt_mm.utils.errors import UserError
from tests.test_collection.made_up import write_pack
from tests.test_demo.evil import NAMES


def test_a_photo_is_what_the_predictor_says(demo, models, monkeypatch):
    path = demo.paths[8]
    photo = models.examine(path)
    found = photo.found["shades"]
    assert photo.name == path.name
    (said,) = demo.predictor(path)
    probability = found.score.softmax(dim=1)[0]
    assert_allclose(probability[list(said.labels)], said.scores, rtol=1e-5)
    assert list(found.groups) == demo.predictor.matched_groups(path)[0].tolist()
    assert len(found.neighbours) == 5
    first = found.neighbours[0]
    assert first.cosine == pytest.approx(1, abs=1e-5)
    assert first.name in NAMES
    assert first.picture.startswith("data:image/")

    predictor = models.predictors["shades"]
    monkeypatch.setattr(predictor.model, "forward", None)  # no further pass
    card = make_card(photo, predictor.pack, Controls("shades", 1.0, 0.9))
    assert {x.name for x in card.answers} == set(NAMES)
    assert card.answer_set is not None
    assert (card.neighbours, card.groups) == (found.neighbours, found.groups)


def test_what_cannot_be_read_is_called_by_its_name(demo, models, tmp_path, monkeypatch):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no image")
    photo = models.examine(bad)
    assert "cannot read the image 'bad.jpg'" in photo.error
    assert str(tmp_path) not in photo.error
    assert (photo.picture, photo.found) == (None, {})
    monkeypatch.setattr(image_file, "MAX_PIXELS", 99)
    assert "more than 99 pixels" in models.examine(demo.paths[0]).error


def test_several_packs_share_a_backbone(demo, tmp_path):
    packs = [tmp_path / "one.safetensors", tmp_path / "two.safetensors"]
    for path in packs:
        shutil.copy(demo.pack, path)
    models = Models.open(list(map(str, packs)), backbone=demo.backbone)
    frozen = [x.model.backbone.patch_embed for x in models.predictors.values()]
    one, two = (part.projection.weight for part in frozen)
    assert one.data_ptr() == two.data_ptr()
    photo = models.examine(demo.paths[0])
    assert list(photo.found) == ["one", "two"]
    torch.testing.assert_close(photo.found["one"].score, photo.found["two"].score)
    assert not photo.found["one"].neighbours


def test_a_set_goes_with_a_pack(demo, tmp_path):
    other = write_pack(tmp_path / "other.safetensors", counts=(3, 2, 1))
    theirs = demo.write_set("of_another", other)
    with pytest.raises(UserError, match="was computed with another model than"):
        Models.open([demo.pack], [theirs], backbone=demo.backbone)
