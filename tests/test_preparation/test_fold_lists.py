"""Lists of a cross-validation, of folders with a few made-up images."""

import hashlib
from collections import Counter
from dataclasses import replace

from lpt_mm.preparation import BENCHMARKS, class_folders, prepare
from lpt_mm.preparation.benchmarks import Archive, Benchmark, FoldLists
from lpt_mm.preparation.fold_lists import make_lists
from tests.conftest import ROOT

TOOL = ROOT / "tools" / "dataset_converters" / "prepare.py"
ARCHIVE = Archive("images.tar", "https://images.example", "images/")
FOLDS = FoldLists("images", 2, 32, "0", ARCHIVE, left_out=frozenset({"noise"}))
SIZES = dict(crab=12, eel=20, noise=9)
NAMES = [
    f"fold_{i}/{split}.txt" for i in range(5) for split in ("train", "val", "test")
]


def lay_out(root, sizes=SIZES):
    for name, count in sizes.items():
        (root / "images" / name).mkdir(parents=True)
        for i in range(count):
            (root / "images" / name / f"{i}.jpg").write_text("x")


def run(root, folds=FOLDS):
    (part,) = prepare(Benchmark("bench", folds=(folds,)), root)
    return part


def read(root, names=NAMES):
    return {name: (root / name).read_bytes() for name in names}


def digest(root):
    return hashlib.sha256(b"".join(read(root).values())).hexdigest()


def test_lists_are_written_and_compared_with_the_published_ones(tmp_path):
    lay_out(tmp_path)
    part = run(tmp_path)
    assert part.in_place and part.state.startswith(
        "written; images in fold 0: train 22"
    )
    assert "not as published (other names of files), so that results do" in part.state
    published = replace(FOLDS, sha256=digest(tmp_path))
    part = run(tmp_path, published)
    assert part.in_place and part.state.startswith("there; ")
    assert part.state.endswith("train 22, val 3, test 7; as published")
    lines = read(tmp_path)["fold_0/train.txt"].decode().splitlines()
    assert "images/crab/" in lines[0] and lines[0].endswith(" 0")
    assert "images/eel/" in lines[-1] and lines[-1].endswith(" 1")


def test_each_image_of_the_classes_is_a_test_image_once(tmp_path):
    lay_out(tmp_path)
    run(tmp_path)
    tests = Counter()
    for i in range(5):
        tests.update(read(tmp_path)[f"fold_{i}/test.txt"].decode().splitlines())
    wanted = [f"images/crab/{i}.jpg 0" for i in range(12)]
    assert tests == Counter([*wanted, *(f"images/eel/{i}.jpg 1" for i in range(20))])


def test_lists_depend_on_the_names_of_the_files_alone(tmp_path):
    for place, sizes in (("a", SIZES), ("b", dict(reversed(SIZES.items())))):
        lay_out(tmp_path / place, sizes)
        run(tmp_path / place)
    assert read(tmp_path / "a") == read(tmp_path / "b")


def test_other_images_are_told_and_listed(tmp_path):
    lay_out(tmp_path, dict(SIZES, eel=8))
    part = run(tmp_path)
    assert part.in_place and part.state.startswith("written; ")
    assert "(20 images of 2 classes, not 32 images of 2 classes)" in part.state


def test_lists_that_exist_are_left_alone(tmp_path):
    lay_out(tmp_path)
    run(tmp_path)
    (tmp_path / "fold_3" / "val.txt").write_text("the user's")
    (tmp_path / "fold_1" / "test.txt").unlink()
    part = run(tmp_path)
    assert "not those of the images that are there: fold_3/val.txt; left" in part.state
    assert part.todo.startswith(f"move '{tmp_path}/fold_*' away if")
    # A new list beside lists of other images could have a test image of theirs.
    assert not (tmp_path / "fold_1" / "test.txt").exists()
    assert (tmp_path / "fold_3" / "val.txt").read_text() == "the user's"
    (tmp_path / "fold_3" / "val.txt").unlink()
    assert run(tmp_path).state.startswith("written; ")
    assert (tmp_path / "fold_1" / "test.txt").is_file()


def test_missing_images_say_where_they_are(tmp_path):
    part = run(tmp_path)
    assert part.state == f"not written: there is no folder '{tmp_path}/images'"
    assert part.todo.startswith("get images.tar from https://images.example and unpack")
    assert list(tmp_path.iterdir()) == []


def test_a_link_that_leads_round_in_a_circle_is_refused(tmp_path):
    lay_out(tmp_path)
    (tmp_path / "images" / "crab" / "again").symlink_to(tmp_path / "images")
    part = run(tmp_path)
    assert "is a link to a folder that it lies in" in part.state
    assert not part.in_place and not (tmp_path / "fold_0").exists()


def test_classes_that_are_too_small_are_named(tmp_path):
    lay_out(tmp_path, dict(crab=7, eel=6, squid=0))
    part = run(tmp_path)
    assert "at least 7 images to be split, fewer have eel, squid" in part.state
    assert not part.in_place and not (tmp_path / "fold_0").exists()
    (tmp_path / "empty" / "images").mkdir(parents=True)
    assert "fewer have all" in run(tmp_path / "empty").state


def test_training_images_fall_exponentially_with_the_size_of_the_class(tmp_path):
    sizes = dict(a=20, b=200, c=100, d=50)
    lay_out(tmp_path, sizes)
    lists = make_lists(class_folders.read(tmp_path, "images"), 64, imbalance_ratio=8)
    for i in range(5):
        lines = lists[f"fold_{i}/train.txt"].decode().splitlines()
        counts = Counter(int(line.split()[1]) for line in lines)
        # By size b, c, d, a: 64 / 8 ** (j / 3).
        assert counts == {1: 64, 2: 32, 3: 16, 0: 8}
    # A class that has less than its share gives all: 20 - 4 - 2.
    lists = make_lists(class_folders.read(tmp_path, "images"), 64, imbalance_ratio=1)
    assert lists["fold_0/train.txt"].count(b" 0\n") == 14


def test_the_tool_names_the_sources(run_here):
    said = run_here(TOOL, "plankton_lt", fails=True)
    assert "there is no folder 'data/plankton_lt/images'" in " ".join(said.split())
    assert "https://www.ncei.noaa.gov/archive/accession/0127422" in said
    assert "https://data.caltech.edu" in run_here(TOOL, "caltech101_lt", fails=True)


def test_classes_of_the_pretraining_are_no_classes_of_caltech():
    (folds,) = BENCHMARKS["caltech101_lt"].folds
    # 101 classes and a background are in the archive.
    assert len(folds.left_out) == 102 - folds.classes
    assert {"dragonfly", "pizza", "BACKGROUND_Google"} < folds.left_out
