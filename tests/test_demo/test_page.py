"""What the listeners of the page do, without a server."""

from types import SimpleNamespace

import pytest

pytest.importorskip("gradio", reason="the extra demo is not installed")

from lpt_mm.demo.models import Photo
from lpt_mm.demo.page import MOST_PHOTOS, examine_photos, show_photos
from tests.test_demo.evil import NAMES


def test_a_photo_is_looked_at_once_and_not_too_many():
    seen = []

    def examine(path):
        seen.append(path)
        return Photo(path)

    models = SimpleNamespace(examine=examine)
    found = examine_photos(models, ["a", "b"], {})
    found = examine_photos(models, ["b", "c"], found)
    assert (list(found), seen) == (["b", "c"], ["a", "b", "c"])
    many = list(map(str, range(MOST_PHOTOS + 2)))
    found = examine_photos(models, many, {})
    assert list(found)[:-1] == many[:-2]
    assert found[""].error.startswith("2 more photos are left out")
    assert examine_photos(models, None, found) == {}


def test_photos_are_shown_as_the_controls_stand(demo, models):
    photos = {"a": models.examine(demo.paths[0]), "": Photo("", error="no more")}
    page = show_photos(models, photos, "shades", 0.0, "0.9")
    assert page.count("<article") == 2
    assert "answer set" in page and "no more" in page
    assert "answer set" not in show_photos(models, photos, "shades", 0.0, "none")
    assert not any(name in page for name in NAMES)  # each is escaped
