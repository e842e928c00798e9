import numpy as np
import pytest
import torch
from mmengine.registry import FUNCTIONS
from mmpretrain.registry import DATASETS
from torch.utils.data import DataLoader

from lpt_mm.datasets.labels import gt_labels


def build_dual():
    digits = dict(type="DigitsLT", split="train", pipeline=[dict(type="PackInputs")])
    return DATASETS.build(dict(type="DualSamplerDataset", dataset=digits))


def test_a_pair_gives_both_samples_with_their_tags():
    dual = build_dual()
    pair = dual[(3, 200)]
    for sample, index, tag in zip(
        pair, (3, 200), ("instance_balanced", "class_balanced"), strict=True
    ):
        assert torch.equal(sample["inputs"], dual.dataset[index]["inputs"])
        assert sample["data_samples"].sampling == tag


def test_passes_on_what_the_wrapped_data_set_knows():
    dual = build_dual()
    assert len(dual) == 335
    assert dual.metainfo["classes"] == tuple("0123456789")
    labels = [dual.get_data_info(i)["gt_label"] for i in range(335)]
    assert gt_labels(dual).tolist() == labels


def test_labels_of_wrapped_data_sets():
    digits = dict(type="DigitsLT", split="train")
    twice = DATASETS.build(dict(type="RepeatDataset", dataset=digits, times=2))
    expected = np.tile(gt_labels(DATASETS.build(digits)), 2)
    np.testing.assert_array_equal(gt_labels(twice), expected)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_collate_makes_one_batch_of_pairs(num_workers):
    dual = build_dual()
    pairs = [(0, 300), (1, 301), (2, 302)]
    loader = DataLoader(
        dual,
        batch_size=3,
        sampler=pairs,
        num_workers=num_workers,
        collate_fn=FUNCTIONS.get("dual_collate"),
    )
    batch = next(iter(loader))
    expected = [dual.dataset[i]["inputs"] for i in (0, 1, 2, 300, 301, 302)]
    assert torch.equal(batch["inputs"], torch.stack(expected))
    tags = [sample.sampling for sample in batch["data_samples"]]
    assert tags == ["instance_balanced"] * 3 + ["class_balanced"] * 3


def test_refuses_plain_indices():
    with pytest.raises(TypeError, match="needs index pairs, got 5: set sampler"):
        build_dual()[5]
