from types import SimpleNamespace

import pytest
from mmpretrain.registry import DATASETS, HOOKS
from torch.utils.data import DataLoader

from lpt_mm.engine.hooks.data_check_hook import (
    check_classes,
    check_files,
)


def make_folders(root, *names):
    for name in names:
        (root / name).mkdir(parents=True)
        (root / name / "x.jpg").write_bytes(b"an image")
    return DATASETS.build(dict(type="CustomDataset", data_root=str(root)))


def runner_of(train, val):
    return SimpleNamespace(
        model=SimpleNamespace(head=SimpleNamespace(num_classes=3)),
        train_dataloader=DataLoader(train),
        val_dataloader=DataLoader(val),
        test_dataloader=DataLoader(val),
        val_loop=object(),
    )


def test_folders_of_the_same_classes_pass(tmp_path):
    train = make_folders(tmp_path / "train", "ant", "bee", "cat")
    val = make_folders(tmp_path / "val", "ant", "bee", "cat")
    hook = HOOKS.build(dict(type="DataCheckHook"))
    assert hook.before_train(runner_of(train, val)) is None
    digits = DATASETS.build(dict(type="DigitsLT", split="val"))
    assert check_files(digits) is None  # its images are no files


def test_a_class_missing_from_validation_would_shift_the_labels(tmp_path):
    train = make_folders(tmp_path / "train", "ant", "bee", "cat")
    val = make_folders(tmp_path / "val", "ant", "cat")
    hook = HOOKS.build(dict(type="DataCheckHook"))
    with pytest.raises(ValueError, match="other classes than the training set: bee"):
        hook.before_train(runner_of(train, val))


def test_only_the_last_classes_may_be_missing(tmp_path):
    dataset = make_folders(tmp_path, "ant", "bee")
    assert check_classes(dataset, 3, ("ant", "bee", "cat")) is None
    with pytest.raises(ValueError, match="other classes"):
        check_classes(dataset, 3, ("ant", "cat", "dog"))


def test_a_test_set_is_held_against_the_checkpoint(tmp_path):
    dataset = make_folders(tmp_path / "test", "ant", "bee", "cat")
    hook = HOOKS.build(dict(type="DataCheckHook"))
    meta = dict(dataset_meta=dict(classes=("cat", "bee", "ant")))
    hook.after_load_checkpoint(None, dict(meta=meta))
    with pytest.raises(ValueError, match="another order"):
        hook.before_test(runner_of(dataset, dataset))


def test_labels_beyond_the_head_are_refused(tmp_path):
    dataset = make_folders(tmp_path / "test", "ant", "bee", "cat")
    with pytest.raises(ValueError, match=r"labels 0 \.\.\. 2, .* num_classes=2"):
        check_classes(dataset, 2, None)


def test_missing_and_empty_files_are_named(tmp_path):
    dataset = make_folders(tmp_path, "ant", "bee", "cat")
    (tmp_path / "ant" / "x.jpg").unlink()
    (tmp_path / "cat" / "x.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"2 of 3 .*ant/x\.jpg, .*cat/x\.jpg; check"):
        check_files(dataset)


def test_urls_are_named_and_not_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr("mmengine.fileio.get", None)
    (tmp_path / "list.txt").write_text("http://host.invalid/x.jpg 0\n")
    dataset = DATASETS.build(
        dict(type="CustomDataset", ann_file=str(tmp_path / "list.txt"), pipeline=[])
    )
    with pytest.raises(ValueError, match=r"1 of 1 images are URLs.*http://host\.inv"):
        check_files(dataset)
