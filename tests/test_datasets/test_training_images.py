import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from lpt_mm.datasets.training_images import training_images

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
