import numpy as np
import pytest
from mmpretrain.registry import DATASETS
from sklearn.datasets import load_digits

COUNTS = [100, 71, 51, 36, 26, 18, 13, 9, 6, 5]


def load(split):
    dataset = DATASETS.build(dict(type="DigitsLT", split=split))
    return [dataset.get_data_info(i) for i in range(len(dataset))]


def test_splits_have_the_documented_sizes():
    labels = {
        s: [info["gt_label"] for info in load(s)] for s in ("train", "val", "test")
    }
    assert np.bincount(labels["train"]).tolist() == COUNTS
    assert np.bincount(labels["test"]).tolist() == [74] * 10
    assert len(labels["val"]) == 722


def test_splits_are_taken_in_order_of_the_permutation():
    digits = load_digits()
    taken = {label: [] for label in range(10)}
    for i in np.random.default_rng(0).permutation(1797):
        taken[int(digits.target[i])].append(np.round(digits.images[i] * 255 / 16))
    expected = dict(
        test=lambda label: taken[label][:74],
        train=lambda label: taken[label][74 : 74 + COUNTS[label]],
        val=lambda label: taken[label][74 + COUNTS[label] :],
    )
    for split, images in expected.items():
        infos = load(split)
        for label in range(10):
            ours = [info["img"] for info in infos if info["gt_label"] == label]
            np.testing.assert_array_equal(ours, images(label))


def test_refuses_another_split():
    with pytest.raises(ValueError, match="'train', 'val', 'test'.*'dev'"):
        DATASETS.build(dict(type="DigitsLT", split="dev"))
