from mmengine.dataset import BaseDataset
from mmpretrain.registry import DATASETS


def test_subsets_have_transforms_of_their_own():
    digits = DATASETS.build(
        dict(type="DigitsLT", split="train", pipeline=[dict(type="PackInputs")])
    )
    first = digits.get_subset([0, 1])
    second = digits.get_subset([0, 1])
    assert isinstance(digits, BaseDataset)
    assert first.pipeline is not second.pipeline
    assert first.metainfo is not second.metainfo


def test_a_copy_is_remembered_within_one_subset():
    digits = DATASETS.build(dict(type="DigitsLT", split="train"))
    digits.mine = {"me": digits}
    subset = digits.get_subset([0, 1])
    assert subset.mine["me"] is subset
