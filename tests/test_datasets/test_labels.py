import numpy as np
import pytest
from mmpretrain.registry import DATASETS

from lpt_mm.datasets.labels import gt_labels


def build(folder, *labels):
    lines = [f"{i}.jpg {label}" for i, label in enumerate(labels)]
    (folder / "list.txt").write_text("\n".join(lines))
    cfg = dict(type="CustomDataset", ann_file=str(folder / "list.txt"), pipeline=[])
    return DATASETS.build(cfg)


def test_labels_are_those_of_the_images_whatever_wraps_them(tmp_path):
    dataset = build(tmp_path, 2, 0, 1)
    both = DATASETS.build(dict(type="ConcatDataset", datasets=[dataset, dataset]))
    for labels, expected in ((gt_labels(dataset), 1), (gt_labels(both), 2)):
        assert labels.dtype == np.int64
        assert labels.tolist() == expected * [2, 0, 1]


@pytest.mark.parametrize("label", [10**6, 999999999, 10**30])
def test_labels_that_would_fill_the_memory_are_refused(tmp_path, label):
    dataset = build(tmp_path, 0, label)
    with pytest.raises(ValueError, match=f"the label {label}, but at most 999999"):
        gt_labels(dataset)
    with pytest.raises(ValueError, match=f"the label {label}, but at most 999999"):
        DATASETS.build(
            dict(type="LongTailedSubset", dataset=dataset, imbalance_ratio=2)
        )
