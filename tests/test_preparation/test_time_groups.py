from datetime import datetime

import pytest
from PIL import Image

from lpt_mm.preparation.time_groups import split_by_time, time_taken
from tests.test_preparation.test_grouped_dataset import save_photo

TIMES = dict(a="10:00:00", b="10:00:30", c="10:01:00", d="10:02:00", e="10:00:10")


@pytest.fixture
def photos(tmp_path):
    for name, time in TIMES.items():
        save_photo(tmp_path / f"{name}.jpg", f"2024:05:01 {time}")
    return tmp_path


def grouped(photos, groups, gap):
    """Give the sets of images that are together."""
    paths = {f"{name}.jpg": group for name, group in groups.items()}
    found = split_by_time(photos, paths, gap)
    assert found.keys() == paths.keys()
    names = sorted(set(found.values()))
    return [
        "".join(sorted(path[0] for path in found if found[path] == name))
        for name in names
    ], names


def test_images_within_the_gap_belong_together(photos):
    one = dict.fromkeys("dcba", "cam")
    sets, names = grouped(photos, one, 30)
    assert sets == ["abc", "d"]
    assert names == ["cam 2024-05-01 10:00:00", "cam 2024-05-01 10:02:00"]
    assert grouped(photos, one, 29)[0] == ["a", "b", "c", "d"]
    assert grouped(photos, one, 60)[0] == ["abcd"]
    assert grouped(photos, one, float("inf"))[0] == ["abcd"]
    with pytest.raises(ValueError, match="must be 0 seconds or more, got nan"):
        grouped(photos, one, float("nan"))


def test_a_group_is_split_by_its_own_times(photos):
    """The image of another camera does not bridge the gap."""
    groups = dict(a="cam1", b="cam1", e="cam2")
    assert grouped(photos, groups, 20)[0] == ["a", "b", "e"]
    assert grouped(photos, dict.fromkeys("abe", "cam1"), 20)[0] == ["abe"]


@pytest.mark.parametrize("time", ["", "    :  :     :  :  ", "0000:00:00 00:00:00"])
def test_times_that_are_none(photos, time):
    save_photo(photos / "x.jpg", time)
    assert time_taken(photos / "x.jpg") is None
    with pytest.raises(ValueError, match="1 of 2 images do not say when .*: x.jpg; gr"):
        grouped(photos, dict(a="cam", x="cam"), 9)


def test_files_without_a_time(photos):
    (photos / "text.jpg").write_text("no image")
    Image.new("L", (4, 4)).save(photos / "plain.png")
    for name in ("text.jpg", "plain.png", "gone.jpg"):
        assert time_taken(photos / name) is None
    assert time_taken(photos / "a.jpg") == datetime(2024, 5, 1, 10)
