"""The data doctor, as a user calls it."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT

TOOL = ROOT / "tools" / "analysis_tools" / "check_dataset.py"
CONFIG = """
default_scope = "mmpretrain"
custom_imports = dict(imports=["lpt_mm"], allow_failed_imports=False)
model = dict(head=dict(num_classes=3))
data = dict(type="SplitList", data_root="data", pipeline=[])
train_dataloader = dict(dataset=dict(ann_file="train.txt", **data))
val_dataloader = dict(dataset=dict(ann_file="val.txt", **data))
test_dataloader = dict(dataset=dict(ann_file="test.txt", **data))
test_evaluator = [dict(type="Accuracy"), dict(type="LongTailMetric", thresholds=(4, 5))]
"""
CLASSES = ("cat", "dog", "emu")


@pytest.fixture
def config(tmp_path):
    """Three classes of 6, 5 and 4 training images, 2 each to validate and to test."""
    rng = np.random.default_rng(0)
    for split, counts in dict(train=(6, 5, 4), val=(2,) * 3, test=(2,) * 3).items():
        lines = []
        for label, (name, count) in enumerate(zip(CLASSES, counts, strict=True)):
            folder = tmp_path / "data" / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{i}.jpg")
                lines.append(f"{split}/{name}/{i}.jpg {label}\n")
        (tmp_path / "data" / f"{split}.txt").write_text("".join(lines))
    (tmp_path / "cfg.py").write_text(CONFIG)
    return tmp_path / "cfg.py"


@pytest.fixture
def data(config):
    """Folder of the images."""
    return config.parent / "data"


def read(folder, severity="errors"):
    report = json.loads((folder / "report.json").read_text())
    return {finding["kind"]: finding for finding in report[severity]}


def add_lines(file, *lines):
    file.write_text(file.read_text() + "".join(f"{line}\n" for line in lines))


def test_digits_lt(run_here, tmp_path):
    out = run_here(TOOL, ROOT / "configs/lpt/phase1_digits_lt.py")
    assert "oltr: few < 15 <= medium <= 40 < many" in out
    assert "0 errors, 0 warnings" in out
    folder = tmp_path / "work_dirs" / "phase1_digits_lt" / "data"
    report = json.loads((folder / "report.json").read_text())
    train = report["splits"]["train"]
    assert (train["images"], train["classes"], train["imbalance_ratio"]) == (
        335,
        10,
        20,
    )
    assert train["gini"] == pytest.approx(0.47672, abs=1e-5)  # 1597 / (10 * 335)
    assert report["splits"]["test"]["gini"] == 0
    assert report["classes"][9] == dict(name="9", train=5, val=101, test=74)
    with Image.open(folder / "class_counts.png") as picture:
        assert picture.size == (1080, 600)


def test_a_report_is_replaced_in_the_tools_own_folder_alone(run_here, config, tmp_path):
    own = tmp_path / "work_dirs"
    for _ in range(2):
        run_here(TOOL, config)
    (report,) = own.glob("*/data/report.json")
    out = run_here(TOOL, config, "--out", report.parent, fails=True)
    assert f"'{report}' exists and is not overwritten" in out
    (tmp_path / "file").touch()
    out = run_here(TOOL, "no config", "--out", "file", fails=True)
    assert "'file/report.json' cannot be written (Not a directory)" in out


def test_good_files_with_a_boundary_class(run_here, config, tmp_path):
    out = run_here(TOOL, config, "--out", "new/folder")
    assert "0 errors, 2 warnings" in out
    report = json.loads((tmp_path / "new" / "folder" / "report.json").read_text())
    assert report["boundary_classes"] == {"4": ["emu"], "5": ["dog"]}
    sizes = {
        k: [v["many"], v["medium"], v["few"]] for k, v in report["shot_groups"].items()
    }
    assert sizes == dict(lpt=[1, 1, 1], oltr=[1, 2, 0])
    few, boundary = (warning["message"] for warning in report["warnings"])
    assert few == (
        "val: 6 images are few to choose the best epoch by (under 100): one of them is "
        "16.7 % of the accuracy"
    )
    assert boundary == (
        "train: exactly 4 images of 1 of 3 classes, few-shot by 'lpt', medium-shot "
        "by 'oltr': emu"
    )


def test_bad_files(run_here, config, data):
    content = (data / "train/cat/0.jpg").read_bytes()
    (data / "train/cat/0.jpg").write_bytes(content[: len(content) // 2])
    (data / "train/cat/1.jpg").write_bytes(b"")
    (data / "val/dog/0.jpg").write_text("no image")
    for i in range(2):
        (data / f"test/emu/{i}.jpg").unlink()
    out = run_here(TOOL, config, "--out", "out", fails=True)
    assert "train: 1 of 15 image files is truncated: data/train/cat/0.jpg\n" in out
    assert "train: 1 of 15 image files is empty: data/train/cat/1.jpg\n" in out
    reason = "data/val/dog/0.jpg (no image format that is known)\n"
    assert f"val: 1 of 6 image files is unreadable: {reason}" in out
    names = "data/test/emu/0.jpg, data/test/emu/1.jpg\n"
    assert f"test: 2 of 6 image files are missing: {names}" in out
    assert read(config.parent / "out")["missing_files"]["total"] == 2


def test_duplicates(run_here, config, data):
    (data / "test/dog/1.jpg").write_bytes((data / "train/dog/2.jpg").read_bytes())
    (data / "train/cat/1.jpg").write_bytes((data / "train/cat/0.jpg").read_bytes())
    (data / "val/cat/0.jpg").write_bytes((data / "test/emu/0.jpg").read_bytes())
    run_here(TOOL, config, "--out", "out", fails=True)
    report = config.parent / "out"
    assert {kind: e["named"] for kind, e in read(report).items()} == {
        "duplicates_across_splits": ["data/test/dog/1.jpg = data/train/dog/2.jpg"]
    }
    warnings = read(report, "warnings")
    inside = ["data/train/cat/1.jpg = data/train/cat/0.jpg"]
    assert warnings["duplicates_inside_split"]["named"] == inside
    across = warnings["duplicates_across_splits"]["named"]
    assert across == ["data/test/emu/0.jpg = data/val/cat/0.jpg"]
    assert warnings["duplicates_of_other_label"]["total"] == 1


def test_the_first_five_are_named(run_here, config, data):
    add_lines(data / "train.txt", *(f"train/cat/no{i}.jpg 0" for i in range(7)))
    out = run_here(TOOL, config, fails=True)
    assert "7 of 22 image files are missing: data/train/cat/no0.jpg, " in out
    assert "data/train/cat/no4.jpg and 2 more\n" in out


def test_labels_and_classes(run_here, config, data):
    add_lines(data / "val.txt", "val/cat/0.jpg 3", "val/cat/1.jpg 7")
    lines = (data / "train.txt").read_text().splitlines()
    few = [line for line in lines if "emu" not in line and "dog/1" not in line]
    few = [line for line in few if "dog" not in line or "dog/0" in line]
    (data / "train.txt").write_text("\n".join(few))
    (data / "test.txt").write_text("test/cat/0.jpg 0\n")
    out = run_here(TOOL, config, "--out", "out", fails=True)
    assert "val: 2 of 8 labels are not in 0 ... 2: 3 (data/val/cat/0.jpg), 7 " in out
    assert "train: no image of 1 of 3 classes: 2; add images or take " in out
    assert "train: under 4 images of 1 of 3 classes: dog (1)\n" in out
    assert "test: no image of 2 of 3 classes: dog, 2\n" in out


def test_names_of_classes(run_here, config):
    cfg = config.read_text().replace("**data", "metainfo=dict(classes=NAMES), **data")
    names = "('cat', 'cat', 'emu')"
    config.write_text(cfg.replace("NAMES", names, 1).replace("NAMES", "('a', 'b')"))
    out = run_here(TOOL, config, fails=True)
    assert "train: several classes have the same name: cat\n" in out
    assert "val: the classes are not those of train: a, b, cat, emu; where fol" in out
    assert "test: the classes are not those of train: a, b, cat, emu; where fol" in out


def test_other_classes_than_the_heads_are_told(run_here, config):
    option = "model.head.num_classes=4"
    out = run_here(TOOL, config, "--cfg-options", option, fails=True)
    assert "train: there are 3 classes but the head has 4: set num_classes=3 in" in out


def test_a_wrong_list_is_one_line(run_here, config, data):
    add_lines(data / "val.txt", "val/cat/9.jpg")
    out = run_here(TOOL, config, fails=True)
    assert "error: val: data/val.txt:7: a line must have a path and a label" in out
    assert "Traceback" not in out


def test_nothing_there(run_here, config, tmp_path):
    options = ("--cfg-options", "train_dataloader.dataset.data_root=nowhere")
    out = run_here(TOOL, config, *options, fails=True)
    assert (
        "error: train: there is no data_root 'nowhere'\nwarning: val: 6 images are few"
        in out
    )
    assert not (tmp_path / "work_dirs/cfg/data/class_counts.png").exists()
    out = run_here(TOOL, "no.py", fails=True)
    assert out == "error: there is no config 'no.py'"


def test_val_that_is_test(run_here, config):
    config.write_text(config.read_text().replace("val.txt", "test.txt"))
    out = run_here(TOOL, config)
    assert "warning: val and test are the same data" in out
    assert "duplicates" not in out


def test_without_a_head_the_labels_tell_the_classes(run_here, config):
    options = ("--out", "out", "--cfg-options", "model=None")
    run_here(TOOL, config, *options)
    report = json.loads((config.parent / "out" / "report.json").read_text())
    assert [c["train"] for c in report["classes"]] == [6, 5, 4]


CUSTOM = """
data = dict(type="CustomDataset", pipeline=[])
train_dataloader = dict(dataset=dict(ann_file="data/train.txt", **data))
"""


@pytest.mark.parametrize("label", [999999999, 10**30])
def test_labels_that_would_fill_the_memory_are_told(run_here, config, label):
    (config.parent / "data" / "train.txt").write_text(f"data/train/cat/0.jpg {label}")
    config.write_text(f'default_scope = "mmpretrain"\n{CUSTOM}')
    run_here(TOOL, "cfg.py", "--out", "out", fails=True)
    assert read(config.parent / "out")["labels_out_of_range"]["total"] == 1


def test_data_sets_that_do_not_go_together_are_told(run_here, config, data):
    text = config.read_text().replace(
        'train_dataloader = dict(dataset=dict(ann_file="train.txt", **data))',
        "one = dict(ann_file='train.txt', metainfo=dict(classes=['a']), **data)\n"
        "other = dict(ann_file='train.txt', metainfo=dict(classes=('a',)), **data)\n"
        "both = dict(type='ConcatDataset', datasets=[one, other])\n"
        "train_dataloader = dict(dataset=both)",
    )
    config.write_text(text)
    out = run_here(TOOL, "cfg.py", "--out", "out", fails=True)
    assert "train: The type" in out


def test_wrapped_data_sets_are_examined(run_here, config, tmp_path):
    one = "dict(ann_file='train.txt', **data)"
    both = f"dict(type='ConcatDataset', datasets=[{one}, {one}])"
    dual = f"dict(type='DualSamplerDataset', dataset={both})"
    config.write_text(config.read_text() + f"\ntrain_dataloader.update(dataset={dual})")
    run_here(TOOL, "cfg.py", "--out", "out")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [row["train"] for row in report["classes"]] == [12, 10, 8]
    assert [row["name"] for row in report["classes"]] == list(CLASSES)
