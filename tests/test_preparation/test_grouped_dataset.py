"""A folder of one's own, split by groups of images: new_dataset.py --group-by."""

import csv

import pytest
from PIL import Image

from lpt_mm.datasets.split_list import read_split_list
from lpt_mm.preparation.new_dataset import SPLITS
from tests.test_preparation.test_new_dataset import make_folder, make_new, snapshot

GROUPS = "pets/pets_groups.csv"


def make_cameras(folder, cameras=6):
    """Two classes, seen by the same cameras, 4 images each."""
    counts = {f"{name}/cam{i}": 4 for name in ("cat", "dog") for i in range(cameras)}
    make_folder(folder, counts)


def read_lists(folder):
    return {split: read_split_list(folder / f"pets_{split}.txt")[0] for split in SPLITS}


def cameras_of(paths):
    return {path.split("/")[1] for path in paths}


@pytest.mark.parametrize("group_by", ["1", r"/(cam\d)/"])
def test_a_camera_is_on_one_side(run_here, tmp_path, group_by):
    make_cameras(tmp_path / "pets")
    out = make_new(run_here, tmp_path, "--group-by", group_by)
    lists = read_lists(tmp_path / "pets")
    cameras = {split: cameras_of(paths) for split, paths in lists.items()}
    assert sum(map(len, cameras.values())) == len(set().union(*cameras.values())) == 6
    assert all(cameras.values())
    sizes = [f"{len(cameras[s])} ({len(lists[s])} images) in {s}" for s in SPLITS]
    assert f"groups: {', '.join(sizes)}\n" in out
    with (tmp_path / GROUPS).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["path"] for row in rows} == set().union(*lists.values())
    assert all(row["path"].split("/")[1] == row["group"] for row in rows)


def test_the_groups_that_are_written_make_the_same_split(run_here, tmp_path):
    make_cameras(tmp_path / "pets")
    make_new(run_here, tmp_path, "--group-by", "1")
    lists, groups = read_lists(tmp_path / "pets"), (tmp_path / GROUPS).read_bytes()
    make_new(run_here, tmp_path, "--group-by", f"{GROUPS}:group", "--overwrite")
    assert read_lists(tmp_path / "pets") == lists
    assert (tmp_path / GROUPS).read_bytes() == groups


def test_splits_that_are_there_must_not_share_a_group(run_here, tmp_path):
    make_cameras(tmp_path / "pets" / "train")
    make_folder(tmp_path / "pets" / "test", {"cat/cam8": 2, "dog/cam9": 2})
    make_new(run_here, tmp_path, "--group-by", "1")
    lists = read_lists(tmp_path / "pets")
    assert not {p.split("/")[2] for p in lists["val"]} & {
        p.split("/")[2] for p in lists["train"]
    }
    make_folder(tmp_path / "pets" / "test", {"dog/cam2": 1})
    before = snapshot(tmp_path)
    command = ("--group-by", "1", "--overwrite")
    out = make_new(run_here, tmp_path, *command, fails=True)
    assert "error: the group 'cam2' is in test and in train, whose folders" in out
    assert snapshot(tmp_path) == before


def test_classes_that_cannot_be_tested_are_named(run_here, tmp_path):
    make_cameras(tmp_path / "pets")
    make_folder(tmp_path / "pets", {"emu/cam0": 4})
    out = make_new(run_here, tmp_path, "--group-by", "1")
    assert "warning: val: no image of 1 of 3 classes: emu\n" in out
    assert "warning: test: no image of 1 of 3 classes: emu\n" in out
    train = read_lists(tmp_path / "pets")["train"]
    assert sum(path.startswith("emu/") for path in train) == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--group-by", "2"), "too few groups (2) for a val set, since every class"),
        (("--group-by", "9"), "48 of 48 images have no group by '9': cat/cam0/0 a.jpg"),
        (("--group-by", "cam0"), "has 0 groups"),
        (("--group-by", "(cam0)"), "40 of 48 images have no group"),
        (("--group-by", "pets/holes.csv:camera"), "47 of 48 images have no group"),
        (("--group-by", "pets/gone.csv:camera"), "1 images that are gone: "),
        (("--group-gap", "9"), "48 of 48 images do not say when they were taken (EXIF"),
        (("--group-gap", "-1"), "--group-gap must be 0 seconds or more, got -1"),
    ],
)
def test_groups_that_cannot_be_had_are_refused(run_here, tmp_path, options, message):
    make_cameras(tmp_path / "pets")
    (tmp_path / "pets" / "holes.csv").write_text("path,camera\ncat/cam0/0 a.jpg,1\n")
    (tmp_path / "pets" / "gone.csv").write_text("path,camera\ncat/no.jpg,1\n")
    make_new(run_here, tmp_path)
    before = snapshot(tmp_path)
    out = make_new(run_here, tmp_path, *options, "--overwrite", fails=True)
    (error,) = (line for line in out.splitlines() if line.startswith("error: "))
    assert message in error
    assert snapshot(tmp_path) == before


def test_unreadable_images_need_no_group_of_time(run_here, tmp_path):
    for i in range(9):
        for name in ("cat", "dog"):
            save_photo(tmp_path / "pets" / name / f"{i}.jpg", f"2024:05:01 10:0{i}:00")
    (tmp_path / "pets" / "cat" / "x.jpg").write_bytes(b"no image")
    make_new(run_here, tmp_path, "--group-gap", "9", fails=True)
    out = make_new(run_here, tmp_path, "--group-gap", "9", "--skip-unreadable")
    assert "left out 1 images that cannot be read: cat/x.jpg" in out
    assert len((tmp_path / GROUPS).read_text().splitlines()) == 1 + 18


def save_photo(path, time):
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = time  # DateTimeOriginal
    Image.new("RGB", (8, 8)).save(path, exif=exif)


def test_names_are_no_formulas(run_here, tmp_path):
    """The table is for spreadsheets, too; the tools find the images nevertheless."""
    make_cameras(tmp_path / "pets")
    make_folder(tmp_path / "pets", {f"=1+1/+{i}": 2 for i in range(6)})
    make_new(run_here, tmp_path, "--group-by", "1")
    with (tmp_path / GROUPS).open(newline="") as file:
        cells = {cell for row in csv.reader(file) for cell in row}
    assert {"./=1+1/+0/0 a.jpg", "'+0"} <= cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    make_new(run_here, tmp_path, "--group-by", f"{GROUPS}:group", "--overwrite")
