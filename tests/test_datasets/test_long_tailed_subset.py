import numpy as np
import pytest
from mmpretrain.registry import DATASETS
from PIL import Image

from lpt_mm.datasets.labels import gt_labels

COUNTS = {"ant": 8, "bee": 8, "cat": 3}


@pytest.fixture
def folder(tmp_path):
    for name, count in COUNTS.items():
        (tmp_path / name).mkdir()
        for i in range(count):
            Image.new("RGB", (4, 4)).save(tmp_path / name / f"{i}.png")
    return tmp_path


def build(folder, **kwargs):
    inner = dict(
        type="CustomDataset",
        data_prefix=str(folder),
        pipeline=[dict(type="LoadImage"), dict(type="PackInputs")],
    )
    return DATASETS.build(dict(type="LongTailedSubset", dataset=inner, **kwargs))


def test_a_folder_is_made_long_tailed(folder):
    dataset = build(folder, imbalance_ratio=4)
    labels = gt_labels(dataset)
    assert np.bincount(labels).tolist() == [8, 4, 2]
    assert dataset.metainfo["classes"] == tuple(COUNTS)
    for i, label in enumerate(labels):
        assert dataset[i]["data_samples"].gt_label == label
        assert dataset.get_data_info(i)["gt_label"] == label
    assert (
        len({dataset.get_data_info(i)["img_path"] for i in range(len(dataset))}) == 14
    )


def test_the_largest_class_can_be_set(folder):
    dataset = build(folder, imbalance_ratio=2, max_per_class=4, imbalance_type="step")
    assert np.bincount(gt_labels(dataset)).tolist() == [4, 4, 2]
    with pytest.raises(ValueError, match=r"6 images of class 2 \(cat\), which has 3"):
        build(folder, imbalance_ratio=1, max_per_class=6)
    with pytest.raises(ValueError, match="max_per_class must be 1 or more, got 0"):
        build(folder, imbalance_ratio=1, max_per_class=0)


def test_it_is_a_training_set_for_dual_sampling(folder):
    inner = dict(type="CustomDataset", data_prefix=str(folder), pipeline=[])
    subset = dict(type="LongTailedSubset", dataset=inner, imbalance_ratio=4)
    dataset = DATASETS.build(dict(type="DualSamplerDataset", dataset=subset))
    assert np.bincount(gt_labels(dataset)).tolist() == [8, 4, 2]


def test_a_subset_can_be_divided_and_browsed(folder):
    subset = build(folder, imbalance_ratio=2)
    some = subset.get_subset([4, 2])
    some.full_init()
    assert len(some) == 2
    for ours, theirs in ((0, 4), (1, 2)):
        assert some.get_data_info(ours) == subset.get_data_info(theirs)
        assert some.get_cat_ids(ours) == [subset.get_gt_labels()[theirs]]
    some.pipeline = changed = some.pipeline
    assert subset.dataset.pipeline is changed


def test_a_label_without_a_name_is_refused(folder):
    (folder / "list.txt").write_text("ant/0.png 0\nbee/0.png 7\n")
    metainfo = dict(classes=("ant", "bee"))
    dataset = dict(
        type="SplitList", ann_file=str(folder / "list.txt"), metainfo=metainfo
    )
    with pytest.raises(ValueError, match="label 7 .* names of 2 classes"):
        DATASETS.build(
            dict(type="LongTailedSubset", dataset=dataset, imbalance_ratio=2)
        )
