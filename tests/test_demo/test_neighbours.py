"""The nearest images of an embedded set."""

import numpy as np
import pytest
from PIL import Image

from lpt_mm.collection import EmbeddedSet
from lpt_mm.demo.neighbours import NearestImages

ANGLES = np.deg2rad([0, 10, 40, 90, 120, 180])
FEATURE = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1).astype("float32")


def find(paths, folder, query=(3.0, 0.0)):
    label = np.array([0, 1, -1, 0, 1, 0])
    embedded = EmbeddedSet(FEATURE * 5, FEATURE, label, list(map(str, paths)))
    nearest = NearestImages.of(embedded, ["oak", "elm"], str(folder))
    return nearest.find(np.array([query], np.float32))


def test_the_nearest_come_first_by_their_cosine(tmp_path):
    found = find(range(6), tmp_path)
    assert [x.name for x in found] == ["oak", "elm", None, "oak", "elm"]
    expected = np.cos(ANGLES[:5]).tolist()
    assert [x.cosine for x in found] == pytest.approx(expected, abs=1e-6)
    assert [x.picture for x in found] == [None] * 5  # in no file


def test_a_query_without_length_is_near_to_nothing(tmp_path):
    assert {x.cosine for x in find(range(6), tmp_path, (0.0, 0.0))} == {0.0}


def test_only_files_below_the_folder_are_opened(tmp_path, monkeypatch):
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside):
        folder.mkdir()
        Image.new("RGB", (8, 8)).save(folder / "a.png")
    (inside / "bad.png").write_bytes(b"no image")
    paths = [inside / "a.png", outside / "a.png", inside / "../out/a.png"]
    paths += [inside / "bad.png", inside / "gone.png", inside / "a.png"]
    shown = [x.picture is not None for x in find(paths, inside)]
    assert shown == [True, False, False, False, False]
    monkeypatch.chdir(tmp_path)
    assert find(["in/a.png"] * 6, "in")[0].picture.startswith("data:image/png;base64,")
    assert find(["out/a.png"] * 6, "in")[0].picture is None
    (inside / "link").symlink_to(outside)
    (tmp_path / "b.png").write_bytes((outside / "a.png").read_bytes())
    assert find(["in/link/../b.png"] * 6, "in")[0].picture is None
