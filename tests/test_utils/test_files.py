import pytest

from lpt_mm.utils.files import short_names


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["work_dirs/a/mine.json"], ["mine"]),
        (["x/a.json", "y/b.json"], ["a", "b"]),
        (["x/y/a/m.json", "x/y/b/m.json"], ["a/m.json", "b/m.json"]),
        (["m.json", "x/m.json"], ["m.json", "x/m.json"]),
        (["/x/y/m.json", "/x/m.json"], ["y/m.json", "m.json"]),
        (["x/m.json", "x/m.csv", "x/n.json"], ["m.json", "m.csv", "n.json"]),
    ],
)
def test_names_are_as_short_as_tells_files_apart(paths, names):
    assert short_names(paths) == names
