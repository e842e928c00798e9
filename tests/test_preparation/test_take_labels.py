"""Corrected labels go into the lists, or nothing does, and come out again."""

import csv
import json

import pytest

from tests.conftest import ROOT

TOOL = ROOT / "tools" / "dataset_converters" / "take_labels.py"
CLASSES = ["cat", "dog", "=cow"]
# Ends of lines, a byte-order mark, an empty line and a tab are to stay.
TRAIN = (
    "\ufeffcat/0.png 0\r\ncat/1.png\t0\n\ndog/0.png 1\n./dog/1.png   1 \n\u2028.png 2"
)
SET = """dict(type="SplitList", data_root="data/", ann_file="{}.txt",
    metainfo=dict(classes="data/classes.txt"))"""
CONFIG = "\n".join(
    f"{split}_dataloader = dict(batch_size=2, num_workers=0, dataset={SET})".format(
        split
    )
    for split in ("train", "val", "test")
)


@pytest.fixture
def folder(tmp_path):
    data = tmp_path / "data"
    for name in ("cat", "dog", "new"):
        (data / name).mkdir(parents=True)
        for i in range(3):
            (data / name / f"{i}.png").touch()
    (data / "\u2028.png").touch()
    (data / "=1.png").touch()
    (tmp_path / "out.png").touch()
    (data / "linked.txt").write_bytes(TRAIN.encode())
    (data / "train.txt").symlink_to("linked.txt")
    (data / "val.txt").write_bytes(b"dog/2.png 0\n")
    (data / "test.txt").write_bytes(b"cat/2.png 0\n")
    (data / "classes.txt").write_text("\n".join(CLASSES))
    (tmp_path / "a.py").write_text(CONFIG)
    return tmp_path


def write_table(folder, *rows):
    with (folder / "a.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("rank", "path", "correct_class"))
        writer.writerows((i, *row) for i, row in enumerate(rows, 1))


def content(folder):
    names = ("train", "val", "test")
    return [(folder / "data" / f"{name}.txt").read_bytes() for name in names]


def test_labels_are_corrected_and_restored_to_the_last_byte(folder, run_here):
    old = content(folder)
    write_table(
        folder,
        ("data/cat/1.png", "dog"),
        ("data/dog/0.png", ""),
        (folder / "data" / "dog" / "1.png", "'=cow"),
        ("data/dog/0.png", " dog "),  # confirmed
        ("data/dog/2.png", "dog"),  # of the validation list
        ("data/new/0.png", "=cow"),
        ("data/new/../new/0.png", "=cow"),  # the same again
        ("data/=1.png", "cat"),
    )
    said = run_here(TOOL, "a.py", "a.csv")
    assert "3 labels corrected, 1 confirmed, 2 images added" in said
    new = TRAIN.replace("1.png\t0", "1.png\t1").replace("   1 \n", "   2 \n")
    new += "\nnew/0.png 2\n=1.png 0\n"
    assert content(folder) == [new.encode(), b"dog/2.png 1\n", old[2]]
    assert (folder / "data" / "train.txt").is_symlink()
    said = run_here(TOOL, "a.py", "--undo", "a.journal.json")
    assert "restored data/train.txt, data/val.txt" in said
    assert content(folder) == old
    run_here(TOOL, "a.py", "--undo", "a.journal.json")  # as after a stop in between
    assert content(folder) == old


def test_a_list_that_has_changed_since_is_not_written_over(folder, run_here):
    write_table(folder, ("data/cat/1.png", "dog"), ("data/dog/2.png", "dog"))
    run_here(TOOL, "a.py", "a.csv", "--journal", "j.json")
    with (folder / "data" / "val.txt").open("a") as file:
        file.write("dog/1.png 1\n")
    new = content(folder)
    said = run_here(TOOL, "a.py", "--undo", "j.json", fails=True)
    assert "'data/val.txt' is not as 'j.json' has left it" in said
    assert content(folder) == new


def test_where_all_is_right_nothing_is_written(folder, run_here):
    old = content(folder)
    write_table(folder, ("data/cat/1.png", "cat"))
    assert "0 labels corrected, 1 confirmed, 0" in run_here(TOOL, "a.py", "a.csv")
    assert content(folder) == old
    assert not (folder / "a.journal.json").exists()


def test_lists_are_read_as_training_reads_them(folder, run_here):
    """A byte-order mark in a line of its own, and paths that begin with a slash."""
    old = "\ufeff\r\n/cat/0.png 0\r\n/cat/1.png 0\r\n/dog/0.png 1\r\n"
    (folder / "data" / "train.txt").write_bytes(old.encode())
    write_table(folder, ("data/cat/1.png", "dog"))
    assert "1 labels corrected, 0 confirmed, 0" in run_here(TOOL, "a.py", "a.csv")
    new = old.replace("1.png 0", "1.png 1")
    assert content(folder)[0].decode() == new


def test_one_list_under_two_names_is_refused(folder, run_here):
    (folder / "data" / "val.txt").unlink()
    (folder / "data" / "val.txt").symlink_to("train.txt")
    old = content(folder)
    write_table(folder, ("data/cat/1.png", "dog"))
    said = run_here(TOOL, "a.py", "a.csv", fails=True)
    assert "the train and val sets of" in said
    assert content(folder) == old


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("data/cat/1.png", "")], "nothing is filled in in its column correct_class"),
        ([("data/cat/1.png", "dogg")], "is called dogg: did you mean 'dog'?"),
        ([("data/cat/9.png", "dog")], "1 corrected images are not there: data/cat/9"),
        ([("", "dog")], "1 corrected images are not there"),
        ([("data/cat/2.png", "dog")], "1 corrected images are in the test list"),
        ([("out.png", "dog")], "1 new images are outside of the data set's folder"),
        ([("data/../out.png", "dog")], "1 new images are outside"),
        ([("data/classes.txt", "dog")], "a list cannot hold"),
        (
            [("data/cat/1.png", "dog"), ("data/dog/../cat/1.png", "cat")],
            "corrected twice, to different classes: data/dog/../cat/1.png",
        ),
        (
            [("data/cat/0.png", "dog"), ("data/cat/1.png", "dog")],
            "no training image would be left of cat",
        ),
    ],
)
def test_a_wrong_row_is_one_line_and_nothing_is_changed(
    folder, run_here, rows, message
):
    old = content(folder)
    write_table(
        folder, *rows, *([] if rows[0][1] == "" else [("data/dog/2.png", "dog")])
    )
    said = run_here(TOOL, "a.py", "a.csv", fails=True)
    assert message in said
    assert "\n" not in said.strip()
    assert content(folder) == old
    assert not (folder / "a.journal.json").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("val.txt", "train.txt"), "the train and val sets of"),
        (("SplitList", "DigitsLT"), "the train set of"),
        (('"train.txt"', '"{fold}.txt", fold=0'), "is one of folds"),
        ((', metainfo=dict(classes="data/classes.txt")', ""), "does not name its"),
        (("data/classes.txt", "data/test.txt"), "names 1 classes, and has label 2"),
    ],
)
def test_lists_that_cannot_be_corrected_are_refused(folder, run_here, change, message):
    text = CONFIG.replace(",\n    metainfo", ", metainfo").replace(*change)
    (folder / "a.py").write_text(text)
    old = content(folder)
    write_table(folder, ("data/cat/1.png", "dog"))
    assert message in run_here(TOOL, "a.py", "a.csv", fails=True)
    assert content(folder) == old


@pytest.mark.parametrize(
    "entries",
    [
        [],
        dict(lpt_mm_journal=2, lists=dict(train=dict(before="x", after=""))),
        dict(lpt_mm_journal=1, lists=dict(test=dict(before="x", after=""))),
        dict(lpt_mm_journal=1, lists={"../x": dict(before="x", after="")}),
        dict(lpt_mm_journal=1, lists=dict(train=dict(before="\ud800", after=""))),
        dict(lpt_mm_journal=1, lists=dict(train=[])),
    ],
)
def test_what_is_no_journal_is_refused(folder, run_here, entries):
    old = content(folder)
    (folder / "j.json").write_text(json.dumps(entries))
    said = run_here(TOOL, "a.py", "--undo", "j.json", fails=True)
    assert "is no journal of" in said
    assert content(folder) == old


def test_tables_of_others_and_a_journal_that_is_there_are_refused(folder, run_here):
    (folder / "a.csv").write_text("path;correct_class\ndata/cat/1.png;dog\n")
    said = run_here(TOOL, "a.py", "a.csv", fails=True)
    assert "has no columns path and correct_class" in said
    (folder / "a.csv").write_bytes(b"path,correct_class\n\xff,dog\n")
    assert "is no CSV table in UTF-8" in run_here(TOOL, "a.py", "a.csv", fails=True)
    (folder / "a.journal.json").touch()
    assert "exists" in run_here(TOOL, "a.py", "a.csv", fails=True)
    assert "Is a directory" in run_here(TOOL, "a.py", ".", fails=True)
