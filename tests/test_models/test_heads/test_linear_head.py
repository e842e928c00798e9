import pytest
import torch
from mmpretrain.registry import MODELS
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.datasets.dual_sampler_dataset import INSTANCE_BALANCED
from tests.test_models.test_heads.test_cosine_head import samples


def build_head(**kwargs):
    defaults = dict(type="LinearHead", num_classes=4, in_channels=6)
    return MODELS.build(defaults | kwargs)


def test_scores_are_linear():
    head = build_head()
    torch.nn.init.normal_(head.fc.bias)
    feature = torch.randn(3, 6)
    expected = feature @ head.fc.weight.T + head.fc.bias
    assert_close(head((torch.zeros(3, 6), feature)), expected)


def test_losses_get_the_scores():
    other = dict(type="LabelSmoothLoss", label_smooth_val=0.5)
    head = build_head(instance_loss=other)
    feature, labels = torch.randn(3, 6), [0, 1, 2]
    score, target = head((feature,)), torch.tensor(labels)
    plain = head.loss((feature,), samples(labels))["loss"]
    assert_close(plain, F.cross_entropy(score, target))
    tagged = head.loss((feature,), samples(labels, INSTANCE_BALANCED))["loss"]
    assert_close(tagged, head.instance_loss_module(score, target))


def test_refuses_losses_on_cosines():
    with pytest.raises(ValueError, match="AsymmetricGCLLoss works on cosines"):
        build_head(loss=dict(type="AsymmetricGCLLoss"))
    with pytest.raises(ValueError, match="use CosineHead"):
        build_head(instance_loss=dict(type="AsymmetricGCLLoss"))
