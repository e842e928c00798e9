from types import SimpleNamespace

import pytest
from mmengine.runner import BaseLoop
from mmpretrain.registry import DATASETS, HOOKS
from torch.utils.data import DataLoader

from lpt_mm.engine.hooks.data_check_hook import (
    require_classes,
    require_files,
)


def make_folders(root, *names):
    for name in names:
        (root / name).mkdir(parents=True)
        (root / name / "x.jpg").write_bytes(b"an image")
    return DATASETS.build(dict(type="CustomDataset", data_root=str(root)))


class Loop(BaseLoop):
    """A loop that is built."""

    def __init__(self):
        pass

    def run(self):
        pass


def runner_of(train, val):
    return SimpleNamespace(
        _train_loop=Loop(),
        iter=0,
        max_iters=1,
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
    assert hook.before_run(runner_of(train, val)) is None
    digits = DATASETS.build(dict(type="DigitsLT", split="val"))
    assert require_files(digits) is None  # its images are no files


def test_a_class_missing_from_validation_would_shift_the_labels(tmp_path):
    train = make_folders(tmp_path / "train", "ant", "bee", "cat")
    val = make_folders(tmp_path / "val", "ant", "cat")
    hook = HOOKS.build(dict(type="DataCheckHook"))
    with pytest.raises(ValueError, match="not those of the training set: bee; where"):
        hook.before_run(runner_of(train, val))


def test_only_the_last_classes_may_be_missing(tmp_path):
    dataset = make_folders(tmp_path, "ant", "bee")
    assert require_classes("test", dataset, 3, ("ant", "bee", "cat")) is None
    with pytest.raises(ValueError, match="classes are not those"):
        require_classes("test", dataset, 3, ("ant", "cat", "dog"))


def test_a_test_set_is_held_against_the_checkpoint(tmp_path):
    dataset = make_folders(tmp_path / "test", "ant", "bee", "cat")
    hook = HOOKS.build(dict(type="DataCheckHook"))
    meta = dict(dataset_meta=dict(classes=("cat", "bee", "ant")))
    hook.after_load_checkpoint(None, dict(meta=meta))
    with pytest.raises(ValueError, match="another order"):
        hook.before_test(runner_of(dataset, dataset))


def test_labels_beyond_the_head_are_refused(tmp_path):
    dataset = make_folders(tmp_path / "test", "ant", "bee", "cat")
    with pytest.raises(ValueError, match=r"1 of 3 labels is not in 0 \.\.\. 1: 2"):
        require_classes("test", dataset, 2, None)


def test_missing_and_empty_files_are_named(tmp_path):
    dataset = make_folders(tmp_path, "ant", "bee", "cat")
    (tmp_path / "ant" / "x.jpg").unlink()
    (tmp_path / "cat" / "x.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"2 of 3 .*ant/x\.jpg, .*cat/x\.jpg; check"):
        require_files(dataset)


def test_urls_are_named_and_not_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr("mmengine.fileio.get", None)
    (tmp_path / "list.txt").write_text("http://host.invalid/x.jpg 0\n")
    dataset = DATASETS.build(
        dict(type="CustomDataset", ann_file=str(tmp_path / "list.txt"), pipeline=[])
    )
    with pytest.raises(ValueError, match=r"1 of 1 images are URLs.*http://host\.inv"):
        require_files(dataset)


def test_an_evaluation_set_without_images_is_refused(tmp_path):
    train = make_folders(tmp_path, "ant", "bee", "cat")
    hook = HOOKS.build(dict(type="DataCheckHook"))
    with pytest.raises(ValueError, match="val: there is no image"):
        hook.before_run(runner_of(train, train.get_subset([])))


def test_data_that_were_trained_on_are_not_looked_at_again(tmp_path):
    dataset = make_folders(tmp_path, "ant", "bee", "cat")
    runner = runner_of(dataset, dataset)
    (tmp_path / "ant" / "x.jpg").unlink()
    runner.iter = 1
    assert HOOKS.build(dict(type="DataCheckHook")).before_run(runner) is None
