import numpy as np
import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS

from lpt_mm.datasets.digits_lt import DigitsLT
from lpt_mm.datasets.labels import gt_labels
from lpt_mm.datasets.training_images import class_names_of, training_images

AUGMENTED = [dict(type="RandomCrop", crop_size=8, padding=1), dict(type="PackInputs")]
PLAIN = [dict(type="PackInputs", meta_keys=("flip",))]


def config(**options):
    """Choose a few of the training images."""
    digits = dict(type="DigitsLT", pipeline=AUGMENTED)
    subset = dict(
        type="LongTailedSubset", dataset=dict(digits, split="test"), imbalance_ratio=5
    )
    train = dict(
        batch_size=4,
        num_workers=0,
        dataset=dict(type="DualSamplerDataset", dataset=subset),
        sampler=dict(type="DualSampler"),
        collate_fn=dict(type="dual_collate"),
    )
    return Config(dict(train_dataloader=train, **options))


def loader_of_tests(**wrapper):
    """Write a loader of test images, within wrappers."""
    images = dict(type="DigitsLT", split="test", pipeline=PLAIN)
    return dict(
        batch_size=7,
        num_workers=0,
        dataset=dict(wrapper, dataset=images) if wrapper else images,
    )


@pytest.mark.parametrize("wrapper", [{}, dict(type="LongTailedSubset")])
def test_the_images_of_training_with_the_transforms_of_the_test(wrapper):
    cfg = config(test_dataloader=loader_of_tests(**wrapper))
    before = cfg.to_dict()
    loader = training_images(cfg)
    assert cfg.to_dict() == before
    subset = before["train_dataloader"]["dataset"]["dataset"]
    expected = dict(subset, dataset=dict(subset["dataset"], pipeline=PLAIN))
    assert Config(loader).to_dict()["dataset"] == expected
    assert loader["batch_size"] == 7


@pytest.mark.parametrize(
    ("dataset", "names"),
    [
        (dict(type="DigitsLT"), tuple("0123456789")),
        (dict(type=DigitsLT, metainfo=dict(classes=["a", "b"])), ("a", "b")),
        (dict(type="SplitList", classes=["a", "b"]), ("a", "b")),
        (dict(type="SplitList", classes="names.txt"), None),
        (dict(type="SplitList"), None),
    ],
)
def test_names_of_classes_are_found_without_the_data(dataset, names):
    assert class_names_of(dataset) == names
    both = dict(type="ConcatDataset", datasets=[dataset, dict(type="CIFAR10")])
    assert class_names_of(dict(type="LongTailedSubset", dataset=both)) == names


def test_each_image_comes_once_and_in_order():
    loader = Runner.build_dataloader(
        training_images(config(test_dataloader=loader_of_tests())), seed=0
    )
    labels = [s.gt_label.item() for batch in loader for s in batch["data_samples"]]
    assert labels == loader.dataset.get_gt_labels().tolist()
    assert 0 < len(labels) < 740


def test_without_a_test_set_the_transforms_are_those_of_training():
    loader = training_images(config())
    assert loader["dataset"]["dataset"]["pipeline"] == AUGMENTED
    assert loader["batch_size"] == 4


def test_a_config_without_training_is_refused():
    with pytest.raises(ValueError, match="no train_dataloader"):
        training_images(Config(dict(test_dataloader=loader_of_tests())))


def nest(wrapper, dataset):
    """Wrap a data set, twice where wrappers do so in a list."""
    if wrapper["type"] == "ConcatDataset":
        return dict(wrapper, datasets=[dataset, dataset])
    return dict(wrapper, dataset=dataset)


WRAPPERS = dict(
    streams=dict(type="DualSamplerDataset"),
    scoped=dict(type="mmpretrain.DualSamplerDataset"),
    concatenated=dict(type="ConcatDataset"),
    repeated=dict(type="RepeatDataset", times=2),
    balanced=dict(type="ClassBalancedDataset", oversample_thr=0.2),
    folded=dict(type="KFoldDataset", num_splits=4, seed=0),
    long_tailed=dict(type="LongTailedSubset", imbalance_ratio=5),
)
NESTED = [  # outermost first
    "streams concatenated",
    "streams repeated concatenated",
    "streams long_tailed concatenated",
    "streams concatenated long_tailed",
    "streams folded long_tailed",
    "streams balanced long_tailed",
    "streams long_tailed folded",
    "scoped concatenated concatenated repeated balanced folded",
]


@pytest.mark.parametrize("names", NESTED)
def test_images_of_nested_wrappers(names):
    dataset = dict(type="DigitsLT", split="test", indices=150, pipeline=AUGMENTED)
    for name in reversed(names.split()):
        dataset = nest(WRAPPERS[name], dataset)
    test = dict(type="DigitsLT", split="test", pipeline=PLAIN)
    like = dict(batch_size=500, num_workers=0, dataset=nest(WRAPPERS["repeated"], test))
    cfg = Config(dict(train_dataloader=dict(dataset=dataset), test_dataloader=like))
    before = cfg.to_dict()
    loader = Runner.build_dataloader(training_images(cfg), seed=0)
    assert cfg.to_dict() == before
    assert "RandomCrop" not in str(training_images(cfg))

    wrapped = DATASETS.build(before["train_dataloader"]["dataset"])
    assert len(loader.dataset) == len(wrapped)
    np.testing.assert_array_equal(gt_labels(loader.dataset), gt_labels(wrapped))
    for index in (0, 5, len(wrapped) - 1):
        image = loader.dataset.get_data_info(index)["img"]
        np.testing.assert_array_equal(image, wrapped.get_data_info(index)["img"])
        np.testing.assert_array_equal(loader.dataset[index]["inputs"][0], image)
    assert wrapped.metainfo["classes"] == tuple("0123456789")
