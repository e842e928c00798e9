import pickle

import numpy as np
import pytest
from mmpretrain.registry import DATA_SAMPLERS, DATASETS

from lpt_mm.datasets.labels import gt_labels
from lpt_mm.datasets.samplers.long_tail_sampler import Draw


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


ALL = [
    "InstanceBalancedSampler",
    "ClassBalancedSampler",
    "SquareRootSampler",
    "DualSampler",
]


@pytest.mark.parametrize("kind", ALL)
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


def test_every_image_is_drawn_once(digits):
    drawn = draw("InstanceBalancedSampler", digits)
    assert sorted(drawn) == list(range(335))
    assert drawn != sorted(drawn)


def test_classes_are_drawn_by_the_root_of_their_images(digits):
    epochs = [draw("SquareRootSampler", digits, epoch=e) for e in range(60)]
    share = np.bincount(gt_labels(digits)[np.concatenate(epochs)]) / (60 * 335)
    roots = np.sqrt(np.bincount(gt_labels(digits)))
    # Their standard deviation is 0.003 at most.
    np.testing.assert_allclose(share, roots / roots.sum(), atol=0.01)


def test_images_of_a_class_are_drawn_equally_often(digits):
    drawn = draw("SquareRootSampler", digits)
    labels = gt_labels(digits)
    for label in range(10):
        counts = np.bincount(drawn, minlength=335)[labels == label]
        assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("kind", ALL[:3])
def test_draws_are_numbered(digits, kind):
    drawn = draw(kind, digits)
    assert [d.number for d in drawn] == list(range(335))


def test_draws_go_to_other_processes():
    copy = pickle.loads(pickle.dumps(Draw(5, number=7)))
    assert (copy, copy.number) == (5, 7)
