import re

import pytest

from lpt_mm.datasets.image_groups import group_images

PATHS = ["daisy/cam1/0.jpg", "daisy/cam2/1.jpg", "rose/cam1/2.jpg"]


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Make images, and write a table beside them."""
    monkeypatch.chdir(tmp_path)
    for path in PATHS:
        file = tmp_path / "data" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def write(*rows, name="plants.csv"):
        text = "\n".join(rows) + "\n"
        (tmp_path / "data" / name).write_text(text, encoding="utf-8-sig")
        return f"data/{name}:plant"

    return write


@pytest.mark.parametrize(
    ("group_by", "groups"),
    [
        ("1", ["cam1", "cam2", "cam1"]),
        ("2", ["daisy", "daisy", "rose"]),
        (r"(cam\d)", ["cam1", "cam2", "cam1"]),
        ("^(.*)/", ["daisy/cam1", "daisy/cam2", "rose/cam1"]),
        (r"(?:am)(\d)", ["1", "2", "1"]),
    ],
)
def test_groups_by_folders_and_patterns(group_by, groups):
    assert group_images(PATHS, group_by) == groups
    below = [f"data_cam9/{path}" for path in PATHS]
    assert group_images(below, group_by, "data_cam9/") == groups


@pytest.mark.parametrize(
    ("group_by", "message"),
    [
        ("0", "1 is the one that it lies in, got 0"),
        ("3", "3 of 3 images have no group by '3': daisy/cam1/0.jpg"),
        ("(cam1)", "1 of 3 images have no group by '(cam1)': daisy/cam2/1.jpg"),
        (r"cam\d(x?)", "3 of 3 images have no group"),
        (r"cam\d", "has 0 groups, and one tells which images belong together"),
        (r"(cam)(\d)", "has 2 groups"),
        ("(cam", "'(cam' is no regular expression"),
        (f"(a){{{2**40}}}", "is no regular expression: the repetition number is too"),
        ("(" * 9999 + ")" * 9999, "is no regular expression: maximum recursion"),
        ("gone.csv:plant", "there is no table 'gone.csv'"),
    ],
)
def test_what_tells_no_groups_is_refused(group_by, message):
    with pytest.raises((ValueError, FileNotFoundError), match=re.escape(message)):
        group_images(PATHS, group_by)


def test_folders_of_several_depths_are_refused():
    """The images of a camera would be in a group apart from those of its subfolders."""
    paths = ["daisy/cam1/0.jpg", "daisy/cam1/night/1.jpg"]
    with pytest.raises(ValueError, match="lie at different depths, as daisy/cam1/0"):
        group_images(paths, "1")


def test_a_table_is_relative_to_its_folder(table):
    rows = [f"./{path},{i % 2}" for i, path in enumerate(PATHS)]
    group_by = table("path,plant", *reversed(rows), "")
    paths = [f"data/{path}" for path in PATHS]
    assert group_images(paths, group_by, "data") == ["0", "1", "0"]
    assert group_images(paths[1:], group_by) == ["1", "0"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["path,plant", f"{PATHS[0]},7"], "2 of 3 images have no group by 'data/plan"),
        (
            [
                "path,plant",
                *(f"{p}," for p in PATHS[:1]),
                *(f"{p},1" for p in PATHS[1:]),
            ],
            "1 of 3 images have no group by 'data/plants.csv:plant': daisy/cam1/0.jpg",
        ),
        (["path,plant", *PATHS], "3 of 3 images have no group"),
        (["path,camera", f"{PATHS[0]},7"], "has no column plant, but path, camera"),
        ([""], "has no column path, plant, but no line"),
        (
            ["path,plant", *(f"{p},1" for p in PATHS), "gone.jpg,1"],
            "'data/plants.csv' has 1 images that are gone: ",
        ),
        (
            ["path,plant", f"{PATHS[0]},1", f"./{PATHS[0]},2"],
            "data/plants.csv:3: './daisy/cam1/0.jpg' is of two groups",
        ),
    ],
)
def test_tables_with_holes_are_refused(table, rows, message):
    paths = [f"data/{path}" for path in PATHS]
    with pytest.raises((ValueError, FileNotFoundError), match=re.escape(message)):
        group_images(paths, table(*rows), "data")


def test_a_file_that_is_no_table_is_refused(table, tmp_path):
    group_by = table("path,plant")
    (tmp_path / "data" / "plants.csv").write_bytes(b"path,plant\nd\xff,1\n")
    with pytest.raises(ValueError, match="is no CSV table in UTF-8"):
        group_images(PATHS, group_by)
