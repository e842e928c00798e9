import numpy as np
import pytest
from mmpretrain.registry import DATASETS

from lpt_mm.datasets.labels import gt_labels
from lpt_mm.datasets.split_list import class_names, read_split_list
from lpt_mm.utils.errors import UserError


def build(file, **kwargs):
    cfg = dict(type="SplitList", ann_file=str(file), pipeline=[])
    return DATASETS.build(cfg | kwargs)


@pytest.mark.parametrize(
    ("lines", "names"),
    [
        (["train/airfield/1.jpg 0", "train/alley/2.jpg 1"], ("airfield", "alley")),
        (
            ["data_256/a/airfield/1.jpg 0", "data_256/b/bow_window/indoor/2.jpg 1"],
            ("airfield", "bow_window/indoor"),
        ),
        (
            ["train_val2018/Aves/7/1.jpg 0", "x/Plantae/9/2.jpg 1"],
            ("Aves/7", "Plantae/9"),
        ),
        (["val_256/1.jpg 0", "val_256/2.jpg 1"], None),  # folders are not classes
        (["train/a1/1.jpg 0", "train/a1/2.jpg 1"], None),
        (["a/cat/1.jpg 0", "b/cat/2.jpg 1"], ("a/cat", "b/cat")),
        (["x/a/cat/1.jpg 0", "x/b/cat/2.jpg 1"], ("a/cat", "b/cat")),
        (["x/a/cat/1.jpg 0", "y/a/cat/2.jpg 1"], ("x/a/cat", "y/a/cat")),
        (
            ["x/a/cat/1.jpg 0", "x/b/cat/2.jpg 1", "x/b/dog/3.jpg 2"],
            ("a/cat", "b/cat", "b/dog"),
        ),
        (["train/alley/1.jpg 1"], None),  # who knows what class 0 is called
    ],
)
def test_class_names_are_the_folders(tmp_path, lines, names):
    (tmp_path / "train.txt").write_text("\n".join(lines))
    dataset = build("train.txt", data_root=str(tmp_path), data_prefix="images")
    assert dataset.metainfo.get("classes") == names
    info = dataset.get_data_info(0)
    assert info["img_path"] == f"{tmp_path}/images/{lines[0].split()[0]}"
    assert gt_labels(dataset).tolist() == [int(line.split()[1]) for line in lines]


def test_class_names_can_be_given(tmp_path):
    (tmp_path / "l.txt").write_text("train/airfield/1.jpg 0\n")
    dataset = build(tmp_path / "l.txt", metainfo=dict(classes=("landing",)))
    assert dataset.metainfo["classes"] == ("landing",)


def test_lists_of_other_systems_are_read(tmp_path):
    text = "\ufefftrain/Ärger im Büro/ein Bild.jpg 0\r\n\r\n  train/b/2.jpg\t12 \r\n"
    (tmp_path / "l.txt").write_bytes(text.encode())
    paths, labels = read_split_list(tmp_path / "l.txt")
    assert paths == ["train/Ärger im Büro/ein Bild.jpg", "train/b/2.jpg"]
    assert labels == [0, 12]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train/a/2.jpg", r"l\.txt:3: a line must have a path and a label.*2\.jpg'"),
        ("train/a/2.jpg cat", "l.txt:3: a line must have"),
        ("7", "l.txt:3: a line must have"),
        ("train/a/2.jpg -1", "l.txt:3: the label is negative: -1"),
        ("train/a/2\0.jpg 1", "l.txt:3: a line must have"),
        ("train/a/2.jpg 1_0", "l.txt:3: a line must have"),
        ("train/a/2.jpg 99999999999999999999", "l.txt:3: a line must have"),
        ("train/a/2.jpg 999999999", "l.txt:3: the label 999999999 is over 999999"),
        ("http://host/x.jpg 0", "l.txt:3: 'http://host/x.jpg' is a URL, .* fetched"),
        ("s3://bucket/x.jpg 0", "l.txt:3: 's3://bucket/x.jpg' is a URL"),
        ("file:///etc/x.jpg 0", "l.txt:3: 'file:///etc/x.jpg' is a URL"),
    ],
)
def test_a_bad_line_is_named_with_its_number(tmp_path, line, message):
    (tmp_path / "l.txt").write_text(f"train/a/1.jpg 0\n\n{line}\n")
    with pytest.raises(ValueError, match=message):
        build(tmp_path / "l.txt")


def test_lists_that_are_not_there_or_empty_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no split list '.*gone.txt'"):
        build(tmp_path / "gone.txt")
    (tmp_path / "l.txt").write_text("\n")
    with pytest.raises(ValueError, match="l.txt: the list is empty"):
        build(tmp_path / "l.txt")


def test_lists_in_other_encodings_are_refused(tmp_path):
    lines = 5000 * "train/a/1.jpg 0\r\n" + "train/Straße/1.jpg 1\r\n"
    (tmp_path / "l.txt").write_bytes(lines.encode("latin-1"))
    with pytest.raises(ValueError, match=r"l\.txt:5001: b'train/Stra\\xdfe/1\.jpg 1'"):
        read_split_list(tmp_path / "l.txt")


def test_workers_share_the_list(tmp_path):
    lines = [f"train/c{i % 3}/{i}.jpg {i % 3}" for i in range(100)]
    (tmp_path / "l.txt").write_text("\n".join(lines))
    shared, plain = (
        build(tmp_path / "l.txt", serialize_data=serialize)
        for serialize in (True, False)
    )
    assert len(shared.data_list) == 0
    assert isinstance(shared.data_bytes, np.ndarray)
    assert len(shared) == len(plain) == 100
    for i in (0, 1, 57, 99, -1):
        assert shared.get_data_info(i) == plain.get_data_info(i)


def test_a_class_of_several_folders_has_no_name():
    assert class_names(["t/a/1", "t/b/2", "t/c/3"], [0, 0, 1]) is None
    assert class_names(["t/a/1", "v/a/2", "t/c/3"], [0, 0, 1]) == ("a", "c")


def test_a_fold_chooses_the_list(tmp_path):
    for fold in (0, 3):
        (tmp_path / f"fold_{fold}").mkdir()
        (tmp_path / f"fold_{fold}" / "l.txt").write_text(f"x/{fold}.jpg 0\n")
    for fold in (0, 3):
        dataset = build("fold_{fold}/l.txt", data_root=str(tmp_path), fold=fold)
        path = dataset.get_data_info(0)["img_path"]
        assert path == f"{tmp_path}/x/{fold}.jpg"


@pytest.mark.parametrize(
    ("file", "fold"), [("fold_{fold}/l.txt", None), ("l.txt", 0), ("l.txt", 3)]
)
def test_a_fold_goes_with_lists_of_folds_alone(file, fold):
    with pytest.raises(UserError, match=f"fold={fold} does not go with the list"):
        build(file, fold=fold)
