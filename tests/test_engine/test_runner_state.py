"""A classifier inside of mmpretrain's test-time augmentation."""

from itertools import count

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from torch import nn

from lpt_mm.engine.runner_state import classifier_of
from tests.conftest import ROOT

NUMBERS = count()
# Twice the same image: the mean of the scores is that without augmentation.
TWICE = dict(
    type="TestTimeAug",
    transforms=[2 * [dict(type="RandomFlip", prob=0.0)], [dict(type="PackInputs")]],
)


def run_test(folder, config, augment=False):
    """Test on a few images, as mmpretrain's ``tools/test.py`` does with ``--tta``."""
    cfg = Config.fromfile(ROOT / "configs" / f"{config}_digits_lt.py")
    cfg.merge_from_dict(
        {
            "work_dir": str(folder),
            "experiment_name": f"classifier_of{next(NUMBERS)}",
            "log_level": "ERROR",
            "test_dataloader.dataset.indices": 99,
        }
    )
    if augment:
        cfg.model = dict(type="AverageClsScoreTTA", module=cfg.model)
        cfg.test_dataloader.dataset.pipeline = [TWICE]
    torch.manual_seed(0)
    return Runner.from_cfg(cfg).test()


def test_wrappers_are_taken_off():
    model = dict(type="LinearClsHead", num_classes=2, in_channels=3)
    model = dict(type="ImageClassifier", backbone=dict(type="LeNet5"), head=model)
    augmented = MODELS.build(dict(type="AverageClsScoreTTA", module=model))
    assert classifier_of(augmented) is augmented.module
    assert classifier_of(nn.DataParallel(augmented)) is augmented.module
    assert classifier_of(augmented.module) is augmented.module


def test_the_same_image_twice_changes_nothing(tmp_path):
    augmented = run_test(tmp_path, "lpt/phase2", augment=True)
    assert augmented == pytest.approx(run_test(tmp_path, "lpt/phase2"), abs=1e-3)


def test_features_to_compare_with_are_not_augmented(tmp_path):
    with pytest.raises(ValueError, match="test without --tta"):
        run_test(tmp_path, "baselines/knn", augment=True)
