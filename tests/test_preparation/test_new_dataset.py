import os
import re
from itertools import permutations

import numpy as np
import pytest
from mmengine.config import Config
from mmpretrain.registry import DATASETS
from PIL import Image

from lpt_mm.datasets.labels import gt_labels
from lpt_mm.datasets.split_list import read_split_list
from lpt_mm.preparation.new_dataset import (
    choose_batch_size,
    choose_epochs,
    choose_thresholds,
)
from lpt_mm.preparation.stratified_split import stratified_split
from tests.conftest import ROOT

TOOL = ROOT / "tools" / "dataset_converters" / "new_dataset.py"


def make_folder(folder, counts):
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for i in range(count):
            Image.new("RGB", (8, 8)).save(folder / name / f"{i} a.jpg")


def test_every_class_is_split_by_its_share():
    labels = np.repeat([0, 1, 2, 3, 4], [100, 4, 3, 2, 1])
    parts = stratified_split(labels, [0.1, 0.2], seed=0)
    counts = [np.bincount(labels[part], minlength=5).tolist() for part in parts]
    assert counts == [[70, 2, 2, 1, 1], [10, 1, 0, 0, 0], [20, 1, 1, 1, 0]]
    assert sorted(np.concatenate(parts)) == list(range(110))
    again = stratified_split(labels, [0.1, 0.2], seed=0)
    assert all((a == b).all() for a, b in zip(parts, again, strict=True))
    other = stratified_split(labels, [0.1, 0.2], seed=1)
    assert (parts[2] != other[2]).any()


def test_settings_follow_the_data():
    assert choose_thresholds([500, 50, 5]) == (20, 100)
    assert choose_thresholds([100, 71, 51, 36, 26, 18, 13, 9, 6, 5]) == (9, 26)
    assert choose_thresholds([7, 7]) == (20, 100)
    assert choose_thresholds([7, 7, 7, 7, 8, 9]) == (7, 8)
    assert [choose_batch_size(n) for n in (10_000, 256, 255, 40, 3)] == [
        *(64, 64, 32, 8, 4),
    ]
    assert choose_epochs(62_500, 64) == 40
    assert choose_epochs(640, 64) == 200
    assert choose_epochs(1_600, 64) == 80


def write_configs(tmp_path):
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    mine = tmp_path / "mine"
    for part in ("models", "datasets", "schedules"):
        (mine / "_base_" / part).mkdir(parents=True)
        for file in (ROOT / "configs" / "_base_" / part).glob("*.py"):
            (mine / "_base_" / part / file.name).write_text(file.read_text())
    runtime = ROOT / "configs" / "_base_" / "default_runtime.py"
    (mine / "_base_" / "default_runtime.py").write_text(runtime.read_text())
    (mine / "lpt").mkdir()
    return mine


def test_a_folder_becomes_lists_and_configs(run_here, tmp_path):
    configs = write_configs(tmp_path)
    make_folder(tmp_path / "data" / "pets", {"big dog": 40, "cat": 10, "ant": 4})
    out = run_here(TOOL, "data/pets", "--name", "pets", "--configs", configs)
    assert "phase1_pets.py --amp" in out

    cfg = Config.fromfile(configs / "lpt" / "phase2_pets.py")
    assert cfg.model.head.num_classes == 3
    assert cfg.train_dataloader.batch_size == 8
    assert cfg.test_evaluator.thresholds == cfg.val_evaluator.thresholds == (2, 7)
    paths = []
    for split, counts in (
        ("train", [2, 7, 28]),
        ("val", [1, 1, 4]),
        ("test", [1, 2, 8]),
    ):
        dataset = DATASETS.build(cfg[f"{split}_dataloader"].dataset)
        assert tuple(dataset.metainfo["classes"]) == ("ant", "big dog", "cat")
        assert sorted(np.bincount(gt_labels(dataset))) == counts
        infos = [dataset.get_data_info(i) for i in range(len(dataset))]
        paths += [info["img_path"] for info in infos]
        assert all((tmp_path / path).is_file() for path in paths)
    assert len(paths) == len(set(paths)) == 54


def test_splits_that_are_there_are_kept(run_here, tmp_path):
    configs = write_configs(tmp_path)
    make_folder(tmp_path / "pets" / "train", {"cat": 20, "dog": 10})
    make_folder(tmp_path / "pets" / "test", {"cat": 3, "dog": 5})
    run_here(TOOL, "pets", "--name", "pets", "--configs", configs)
    lines = (tmp_path / "pets" / "pets_test.txt").read_text().splitlines()
    assert len(lines) == 8
    assert lines[0] == "test/cat/0 a.jpg 0"
    lines = (tmp_path / "pets" / "pets_val.txt").read_text().splitlines()
    assert [line.split()[0].split("/")[0] for line in lines] == ["train"] * 3


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({}, "Found 0 files"),
        ({"cat": 3}, "has 1 class folder"),
        ({"cat": 3, "dog": 0}, "1 classes have no training image: dog"),
        ({"cat": 2, "dog": 2}, "too few images for a val set"),
        ({"train/cat": 5, "train/dog": 5, "test/cat": 1}, r"other classes .*: dog"),
    ],
)
def test_folders_that_cannot_be_trained_on_are_refused(
    run_here, tmp_path, counts, message
):
    configs = write_configs(tmp_path)
    (tmp_path / "pets").mkdir()
    make_folder(tmp_path / "pets", counts)
    before = sorted(tmp_path.rglob("*"))
    out = run_here(TOOL, "pets", "--name", "pets", "--configs", configs, fails=True)
    assert re.search(message, out)
    assert sorted(tmp_path.rglob("*")) == before


def make_new(run_here, tmp_path, **options):
    configs = write_configs(tmp_path)
    return run_here(TOOL, "pets", "--name", "pets", "--configs", configs, **options)


def test_links_that_lead_round_are_named(run_here, tmp_path):
    make_folder(tmp_path / "pets", {"cat": 9, "dog": 9})
    (tmp_path / "pets" / "cat" / "again").symlink_to(tmp_path / "pets")
    out = make_new(run_here, tmp_path, fails=True)
    assert "cat/again' is a link to a folder that it lies in: remove it" in out


def test_links_that_lead_round_through_others_are_named(run_here, tmp_path):
    """Followed as far as a path can go, they would lead to 2^40 folders."""
    make_folder(tmp_path / "pets", {"ant": 9, "bee": 9, "cat": 9})
    for one, other in permutations(("ant", "bee", "cat"), 2):
        (tmp_path / "pets" / one / other).symlink_to(tmp_path / "pets" / other)
    out = make_new(run_here, tmp_path, fails=True)
    assert "is a link to a folder that it lies in: remove it" in out


def test_folders_that_cannot_be_read_are_named(run_here, tmp_path, monkeypatch):
    make_folder(tmp_path / "pets", {"cat": 9, "dog": 9})
    scan = os.scandir

    def guarded(path):
        if str(path).endswith("dog"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", guarded)
    out = make_new(run_here, tmp_path, fails=True)
    assert re.search(r"error: .*Permission denied: '.*pets/dog'", out)


@pytest.mark.parametrize("name", ["two\nlines", " blank", "tab\there", "caf\udce9"])
def test_names_that_no_list_can_hold_are_refused(run_here, tmp_path, name):
    make_folder(tmp_path / "pets", {"cat": 9, name: 9})
    out = make_new(run_here, tmp_path, fails=True)
    assert f"a list cannot hold the path '{repr(name)[1:-1]}/" in out
    assert not list(tmp_path.rglob("*.txt"))


def test_odd_names_come_through(run_here, tmp_path):
    make_folder(tmp_path / "pets", {"große Katze": 9, "犬": 9, ".hidden": 9})
    make_folder(tmp_path / "pets", {"犬/.thumbnails": 9})
    (tmp_path / "pets" / "notes").write_text("no folder")
    make_new(run_here, tmp_path)
    paths, labels = read_split_list(tmp_path / "pets" / "pets_train.txt")
    assert all((tmp_path / "pets" / path).is_file() for path in paths)
    assert {path.split("/")[0] for path in paths} == {"große Katze", "犬"}
    assert not any("/." in path for path in paths)
    assert set(labels) == {0, 1}


def test_hidden_folders_beside_the_splits_do_not_matter(run_here, tmp_path):
    classes = ("train/cat", "train/dog", "test/cat", "test/dog", ".cache/x")
    make_folder(tmp_path / "pets", dict.fromkeys(classes, 9))
    make_new(run_here, tmp_path)
    lines = (tmp_path / "pets" / "pets_test.txt").read_text().splitlines()
    assert len(lines) == 18


def test_images_of_every_format_are_found(run_here, tmp_path):
    make_folder(tmp_path / "pets", {"cat": 9, "dog": 9})
    for i, suffix in enumerate(("webp", "TIFF", "gif")):
        Image.new("RGB", (8, 8)).save(tmp_path / "pets" / "dog" / f"{i}.{suffix}")
    make_new(run_here, tmp_path)
    lists = (tmp_path / "pets").glob("pets_[tv]*.txt")
    assert sum(len(file.read_text().splitlines()) for file in lists) == 21


def test_configs_can_be_read_whatever_the_folder_is_called(run_here, tmp_path):
    configs = write_configs(tmp_path)
    folder = 'it\'s "my" {pets}\\'
    make_folder(tmp_path / folder, {"cat": 9, "dog": 9})
    run_here(TOOL, folder, "--name", "pets", "--configs", configs)
    cfg = Config.fromfile(configs / "lpt" / "phase1_pets.py")
    assert len(DATASETS.build(cfg.test_dataloader.dataset)) == 4


def test_nothing_is_overwritten(run_here, tmp_path):
    configs = write_configs(tmp_path)
    make_folder(tmp_path / "pets", {"cat": 9, "dog": 9})
    (tmp_path / "pets" / "pets_val.txt").write_text("precious")
    out = run_here(TOOL, "pets", "--name", "pets", "--configs", configs, fails=True)
    assert "pets_val.txt' exists and is not overwritten" in out
    assert (tmp_path / "pets" / "pets_val.txt").read_text() == "precious"
    assert not (configs / "lpt" / "phase1_pets.py").exists()
