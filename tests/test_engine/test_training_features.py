import numpy as np
import pytest
import torch
from torch.testing import assert_close

from lpt_mm.engine.training_features import TrainingFeatures, draw_per_class
from lpt_mm.utils.errors import UserError


def test_images_are_drawn_of_each_class():
    label = np.repeat([0, 1, 2], [50, 4, 7])
    drawn = draw_per_class(label, 5, seed=3)
    assert np.bincount(label[drawn]).tolist() == [5, 4, 5]
    assert len(set(drawn)) == 14
    assert np.array_equal(drawn, np.sort(drawn))
    assert np.array_equal(drawn, draw_per_class(label, 5, seed=3))
    assert not np.array_equal(drawn, draw_per_class(label, 5, seed=4))
    with pytest.raises(UserError, match="at least 1, got 0"):
        draw_per_class(label, 0, seed=3)


def test_the_mean_is_of_all_images_that_those_drawn_stand_for():
    feature = torch.randn(5, 3, dtype=torch.float64)
    label, counts = torch.tensor([0, 0, 1, 1, 1]), torch.tensor([90.0, 10.0]).double()
    features = TrainingFeatures(feature, label, np.arange(5), counts)
    means = torch.stack([feature[:2].mean(dim=0), feature[2:].mean(dim=0)])
    assert_close(features.class_means(), means)
    assert_close(features.mean(), 0.9 * means[0] + 0.1 * means[1])
