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


def test_a_centred_head_classifies_what_is_left_of_features():
    head = build_head(center=True)
    mean, feature, labels = torch.randn(6), torch.randn(3, 6), [0, 1, 2]
    head.set_mean(mean)
    expected = (feature - mean) @ head.fc.weight.T + head.fc.bias
    assert_close(head((feature,)), expected)
    loss = head.loss((feature,), samples(labels))["loss"]
    assert_close(loss, F.cross_entropy(expected, torch.tensor(labels)))


def test_starts_from_given_weights_and_no_bias():
    head, weight = build_head(head_init="some.npz"), torch.randn(4, 6)
    torch.nn.init.normal_(head.fc.bias)
    head.start_from(weight)
    feature = torch.randn(3, 6)
    assert_close(head((feature,)), feature @ weight.T)
    other = build_head(head_init="some.npz")
    assert not other.weight_set
    other.load_state_dict(head.state_dict())
    assert other.weight_set


def test_class_means_give_features_of_mean_length_the_scores_of_a_cosine_head():
    means, feature = torch.randn(4, 6), F.normalize(torch.randn(3, 6), dim=1)
    head = build_head()
    head.start_from(head.weight_of_means(means, length=7.0))
    cosine = F.cosine_similarity(feature[:, None], means[None], dim=2)
    assert_close(head((7 * feature,)), 20 * cosine)


def test_refuses_losses_on_cosines():
    with pytest.raises(ValueError, match="AsymmetricGCLLoss works on cosines"):
        build_head(loss=dict(type="AsymmetricGCLLoss"))
    with pytest.raises(ValueError, match="use CosineHead"):
        build_head(instance_loss=dict(type="AsymmetricGCLLoss"))
