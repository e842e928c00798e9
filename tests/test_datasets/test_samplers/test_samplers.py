import numpy as np
import pytest
from mmpretrain.registry import DATA_SAMPLERS, DATASETS

from lpt_mm.datasets.labels import gt_labels


@pytest.fixture(scope="module")
def digits():
    return DATASETS.build(dict(type="DigitsLT", split="train"))


def draw(kind, dataset, epoch=0, **kwargs):
    cfg = dict(type=kind, dataset=dataset, seed=3)
    sampler = DATA_SAMPLERS.build(cfg | kwargs)
    sampler.set_epoch(epoch)
    out = list(sampler)
    assert len(out) == len(sampler)
    return out


@pytest.mark.parametrize("kind", ["ClassBalancedSampler", "DualSampler"])
def test_draws_are_a_function_of_seed_and_epoch(digits, kind):
    first = draw(kind, digits)
    assert first == draw(kind, digits)
    assert first != draw(kind, digits, epoch=1)
    assert first != draw(kind, digits, seed=4)


def test_every_class_is_drawn_equally_often(digits):
    labels = gt_labels(digits)[draw("ClassBalancedSampler", digits)]
    # 335 draws: 8 rounds of 10 classes with 4 images each, and 15 images more.
    per_round = labels[:320].reshape(8, 10, 4)
    assert (per_round == per_round[:, :, :1]).all()
    for classes in per_round[:, :, 0]:
        assert sorted(classes) == list(range(10))
    assert len({tuple(classes) for classes in per_round[:, :, 0].tolist()}) > 1


def test_the_instance_balanced_half_is_every_image_once(digits):
    instance = [pair[0] for pair in draw("DualSampler", digits)]
    assert sorted(instance) == list(range(335))
    assert instance != sorted(instance)


def test_the_class_balanced_half_is_class_balanced(digits):
    balanced = [pair[1] for pair in draw("DualSampler", digits)]
    labels = gt_labels(digits)[balanced]
    assert set(np.bincount(labels[:320])) == {32}


def test_refuses_no_images_per_class(digits):
    with pytest.raises(ValueError, match="at least 1, got 0"):
        draw("DualSampler", digits, images_per_class=0)
