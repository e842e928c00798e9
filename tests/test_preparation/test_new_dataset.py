import os
import re
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmpretrain.registry import DATASETS
from PIL import Image

from lpt_mm.datasets.labels import gt_labels
from lpt_mm.datasets.split_list import read_split_list
from lpt_mm.engine.hooks.config_check_hook import check_keys
from lpt_mm.preparation.new_configs import (
    choose_batch_size,
    choose_epochs,
    choose_thresholds,
)
from lpt_mm.preparation.new_dataset import SPLITS
from tests.conftest import ROOT

TOOL = ROOT / "tools" / "dataset_converters" / "new_dataset.py"


def make_folder(folder, counts):
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for i in range(count):
            Image.new("RGB", (8, 8)).save(folder / name / f"{i} a.jpg")


def test_settings_follow_the_data():
    assert choose_thresholds([500, 50, 5]) == (20, 100)
    assert choose_thresholds([100, 71, 51, 36, 26, 18, 13, 9, 6, 5]) == (9, 26)
    assert choose_thresholds([7, 7]) == (20, 100)
    assert choose_thresholds([7, 7, 7, 7, 8, 9]) == (7, 8)
    assert [choose_batch_size(n) for n in (10_000, 256, 255, 40, 3)] == [
        *(64, 64, 32, 8, 4),
    ]
    assert choose_epochs(62_500, 64, 40, 2000) == 40
    assert choose_epochs(640, 64, 40, 2000) == 200
    assert choose_epochs(1_600, 64, 40, 2000) == 80
    assert choose_epochs(1_600, 64, 10, 900) == 36
    assert choose_epochs(9_600, 64, 10, 900) == 10


def write_configs(tmp_path):
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    mine = tmp_path / "mine"
    for part in ("models", "datasets", "schedules", "tunings"):
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
    few = (
        "val: 6 images are few to choose the best epoch by (under 100): one of them is"
    )
    assert f"warning: {few} 16.7 % of the accuracy\n" in out

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
        ({}, "has 0 class folder"),
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


def make_new(run_here, tmp_path, *options, fails=False):
    configs = tmp_path / "mine"
    if not configs.exists():
        write_configs(tmp_path)
    command = (TOOL, "pets", "--name", "pets", "--configs", configs, *options)
    return run_here(*command, fails=fails)


def snapshot(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder): path.read_bytes() for path in files}


def test_names_may_begin_as_they_like(run_here, tmp_path):
    make_folder(tmp_path / "pets", {"Katze": 9, "Hund": 9})
    for name in ("Feldfotos", "_2024"):
        make_new(run_here, tmp_path, "--name", name)
        cfg = Config.fromfile(tmp_path / "mine" / "lpt" / f"phase2_{name}.py")
        assert cfg.train_dataloader.dataset.dataset.ann_file == f"{name}_train.txt"
    make_new(run_here, tmp_path, "--name", "two words", fails=True)


def test_files_that_are_left_out_are_counted(run_here, tmp_path):
    make_folder(tmp_path / "pets", {"cat": 9, "dog": 9, "dog/more": 1})
    assert "left out" not in make_new(run_here, tmp_path, "--name", "all")
    for name in (
        "a.HEIC",
        "b.heic",
        "dog/c.mp4",
        "more/d.CR2",
        "README",
        ".hidden.mp4",
    ):
        (tmp_path / "pets" / "dog" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "pets" / "dog" / name).write_text("other")
    out = make_new(run_here, tmp_path)
    left = "left out 5 files of other kinds: 2 .heic, 1 no ending, 1 .mp4, 1 .cr2\n"
    assert sorted(left.split()) == sorted(re.search("left out.*\n", out)[0].split())


def test_unreadable_images_can_be_left_out(run_here, tmp_path):
    make_folder(tmp_path / "pets", {"cat": 9, "dog": 9})
    for name, content in (("cat/3 a.jpg", b""), ("dog/5 a.jpg", b"no image")):
        (tmp_path / "pets" / name).write_bytes(content)
    assert "left out" not in make_new(run_here, tmp_path)
    lists = [tmp_path / "pets" / f"pets_{split}.txt" for split in SPLITS]
    assert sum(len(read_split_list(file)[0]) for file in lists) == 18
    out = make_new(run_here, tmp_path, "--skip-unreadable", "--overwrite")
    assert re.search("left out 2 images that .*: cat/3 a.jpg, dog/5 a.jpg\n", out)
    paths = [path for file in lists for path in read_split_list(file)[0]]
    assert len(paths) == 16 and not {"cat/3 a.jpg", "dog/5 a.jpg"} & {*paths}


def test_a_data_set_can_be_made_anew(run_here, tmp_path):
    make_folder(tmp_path / "pets", {"cat": 9, "dog": 9})
    make_new(run_here, tmp_path)
    first = snapshot(tmp_path)
    assert "exists and is not overwritten" in make_new(run_here, tmp_path, fails=True)
    (tmp_path / "pets" / "pets_notes.txt").write_text("mine")
    make_new(run_here, tmp_path, "--overwrite", "--seed", "1")
    second = snapshot(tmp_path)
    assert {path for path in first if first[path] != second[path]} == {
        Path("pets") / f"pets_{split}.txt" for split in SPLITS
    }
    assert second.keys() - first.keys() == {Path("pets") / "pets_notes.txt"}


def test_a_failure_leaves_the_older_files_as_they_were(run_here, tmp_path, monkeypatch):
    make_folder(tmp_path / "pets", {"cat": 9, "dog": 9})
    make_new(run_here, tmp_path)
    before, write = snapshot(tmp_path), Path.write_text

    def fail_at_lists(path, *args, **kwargs):
        if "val.txt" in path.name:
            raise OSError(28, "No space left on device")
        return write(path, *args, **kwargs)

    monkeypatch.setattr(Path, "write_text", fail_at_lists)
    make_new(run_here, tmp_path, "--overwrite", "--seed", "1", fails=True)
    assert snapshot(tmp_path) == before


def test_what_others_wrote_is_never_replaced(run_here, tmp_path):
    make_folder(tmp_path / "pets", {"cat": 9, "dog": 9})
    for name in ("places_lt", "cifar10_lt_ir10"):
        configs = tmp_path / "mine"
        leaf = configs / "lpt" / f"phase1_{name}.py"
        if not configs.exists():
            write_configs(tmp_path)
        leaf.write_text("precious")
        before = snapshot(tmp_path)
        make_new(run_here, tmp_path, "--name", name, "--overwrite", fails=True)
        assert snapshot(tmp_path) == before


def test_size_and_backbone_are_those_of_every_config(run_here, tmp_path):
    make_folder(tmp_path / "pets", {"cat": 9, "dog": 9})
    source = "timm:vit_small_patch14_dinov2.lvd142m"
    make_new(run_here, tmp_path, "--img-size", "112", "--backbone", source)
    stems = ("lpt/phase1", "lpt/phase2", "baselines/linear_probe", "baselines/vpt_deep")
    for stem in ("recipes/lift", *stems):
        cfg = Config.fromfile(tmp_path / "mine" / f"{stem}_pets.py")
        backbone = cfg.model.backbone
        assert (backbone.arch, backbone.img_size) == ("deit-small", 112)
        assert (backbone.patch_size, backbone.layer_scale_init_value) == (14, 1e-5)
        assert backbone.init_cfg == dict(type="PretrainedViT", checkpoint=source)
        assert cfg.model.data_preprocessor.mean == [123.675, 116.28, 103.53]
        train, test = cfg.train_dataloader.dataset.dataset, cfg.test_dataloader.dataset
        assert train.pipeline[0].scale == test.pipeline[2].crop_size == 112
        assert test.pipeline[1].scale == (128, 128)
        assert test.pipeline == cfg.val_dataloader.dataset.pipeline
        check_keys(cfg)
    assert (cfg.model.head.type, backbone.prompt_mode) == ("LinearHead", "deep")
    assert cfg.train_dataloader.sampler.type == "InstanceBalancedSampler"


def test_the_backbone_for_photographs_that_comes_with_the_package(run_here, tmp_path):
    make_folder(tmp_path / "pets", {"cat": 9, "dog": 9})
    make_new(run_here, tmp_path, "--backbone", "photos")
    cfg = Config.fromfile(tmp_path / "mine" / "lpt" / "phase2_pets.py")
    model = ROOT / "configs" / "_base_" / "models" / "lpt_vit_photos.py"
    packaged = Config.fromfile(model).model.backbone
    assert cfg.model.backbone == dict(packaged, frozen_prompts=True)
    *whole, pack = cfg.test_pipeline
    assert cfg.train_pipeline == [*whole, dict(type="RandomFlip", prob=0.5), pack]
    assert whole[-1].crop_size == packaged.img_size == 64
    assert cfg.model.head.head_init == "class_means"


@pytest.mark.parametrize("stem", ["lpt/phase2", "recipes/lift"])
def test_what_is_measured_on_photographs_holds_for_a_data_set_of_ones_own(
    run_here, tmp_path, stem
):
    make_folder(tmp_path / "pets", {"cat": 9, "dog": 9})
    make_new(run_here, tmp_path, "--backbone", "photos")
    own = Config.fromfile(tmp_path / "mine" / f"{stem}_pets.py")
    measured = Config.fromfile(ROOT / "configs" / f"{stem}_caltech101_lt.py")
    own.model.head.num_classes = measured.model.head.num_classes
    for key in ("train_pipeline", "test_pipeline", "optim_wrapper", "param_scheduler"):
        assert own[key] == measured[key]
    assert own.model == measured.model
    assert own.train_dataloader.sampler == measured.train_dataloader.sampler


def test_without_options_the_pipelines_are_those_of_places_lt(run_here, tmp_path):
    make_folder(tmp_path / "pets", {"cat": 9, "dog": 9})
    make_new(run_here, tmp_path)
    ours = Config.fromfile(tmp_path / "mine" / "lpt" / "phase1_pets.py")
    theirs = Config.fromfile(ROOT / "configs" / "lpt" / "phase1_places_lt.py")
    assert ours.model.backbone == theirs.model.backbone
    for name in ("train_pipeline", "test_pipeline"):
        assert ours[name] == theirs[name]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--img-size", 225), "a multiple of the 16 pixels of the .*, got 225"),
        (("--img-size", 0), "a multiple of the 16 pixels of the .*, got 0"),
        (("--backbone", "timm:nonsense"), "timm .*nonsense"),
        (("--backbone", "gone.pth"), "gone.pth"),
        (("--backbone", "lpt_mm:vit_glyphs"), "number of heads"),
        (("--backbone", "timm:resnet18.a1_in1k"), "vision transformer"),
    ],
)
def test_backbones_that_do_not_fit_are_refused(run_here, tmp_path, options, message):
    make_folder(tmp_path / "pets", {"cat": 9, "dog": 9})
    out = make_new(run_here, tmp_path, *options, fails=True)
    assert re.search(f"error: .*{message}", out)
    assert not list(tmp_path.rglob("pets_*.txt"))


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
