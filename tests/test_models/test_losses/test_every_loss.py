"""What holds for every loss."""

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.nn import functional as F
from torch.testing import assert_close

from tests.test_models.test_losses.common import (
    COUNTS,
    ON_COSINES,
    ON_SCORES,
    build_loss,
    scores,
)

ALL = ON_SCORES + ON_COSINES
# LADELoss adds a number per batch, which may be negative.
MEANS = [name for name in ALL if name != "LADELoss"]
WITH_COUNTS = [name for name in ALL if name != "SoftmaxFocalLoss"]
LARGE = {
    torch.float32: [1.0, 60.0, 1e4, 3e38],
    torch.bfloat16: [1.0, 60.0, 1e4, 3e38],
    torch.float16: [1.0, 60.0, 6e4],
}


def labelled(labels):
    return [DataSample().set_gt_label(label) for label in labels]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", LARGE, ids=str)
@pytest.mark.parametrize("name", ALL)
def test_loss_and_gradient_are_finite_in_float32_for_any_score(name, dtype, training):
    loss = build_loss(name).train(training)
    for size in LARGE[dtype]:
        pattern = torch.tensor([[1, -1, 0, 1], [-1, 1, -1, -1], [0, 0, 0, 1]])
        score = (size * pattern.double()).to(dtype).requires_grad_()
        value = loss(score, torch.tensor([0, 0, 3]))
        value.backward()
        assert value.dtype == torch.float32
        assert value.isfinite()
        assert value >= 0 or name not in MEANS
        assert score.grad.isfinite().all()


@pytest.mark.parametrize("name", ALL)
def test_not_a_number_is_not_hidden(name):
    loss = build_loss(name)
    assert loss(torch.full((1, 4), torch.nan), torch.tensor([0])).isnan()


@pytest.mark.parametrize("name", MEANS)
def test_mean_is_over_the_batch_or_the_given_number(name):
    loss = build_loss(name).eval()
    score, target = scores()
    each = [loss(score[i : i + 1], target[i : i + 1]) for i in range(6)]
    assert_close(loss(score, target), sum(each) / 6)
    assert_close(loss(score, target, avg_factor=12), sum(each) / 12)


@pytest.mark.parametrize("name", ALL)
def test_works_in_the_linear_head_of_mmpretrain(name):
    head = dict(type="LinearClsHead", num_classes=4, in_channels=5)
    head = MODELS.build(head | dict(loss=dict(type=name))).eval()
    if name in WITH_COUNTS:
        head.loss_module.cls_num_list = COUNTS
    feature, target = torch.randn(3, 5), torch.tensor([0, 2, 3])
    value = head.loss((feature,), labelled(target.tolist()))["loss"]
    assert_close(value, head.loss_module(head.fc(feature), target))


@pytest.mark.parametrize("name", ["CrossEntropyLoss", *ALL])
def test_works_in_the_cosine_head(name):
    head = dict(type="CosineHead", num_classes=4, in_channels=5, scale=7.0)
    head = MODELS.build(head | dict(dropout=0.0, loss=dict(type=name)))
    if name in WITH_COUNTS:
        head.loss_module.cls_num_list = COUNTS
    feature, target = torch.randn(3, 5), torch.tensor([0, 2, 3])
    cosine = F.cosine_similarity(feature[:, :, None], head.weight[None], dim=1)
    if name in ON_COSINES:
        assert head.loss_module.scale == 7.0
        head.eval()  # the noise of GCL is drawn in training
        expected = head.loss_module(cosine, target)
    else:
        expected = head.loss_module(7.0 * cosine, target)
    value = head.loss((feature,), labelled(target.tolist()))["loss"]
    assert_close(value, expected)
    value.backward()
    assert head.weight.grad.abs().sum() > 0


def test_cross_entropy_of_mmpretrain_is_that_of_the_scaled_cosines():
    head = dict(type="CosineHead", num_classes=4, in_channels=5, dropout=0.0)
    head = MODELS.build(head | dict(scale=7.0, loss=dict(type="CrossEntropyLoss")))
    feature, target = torch.randn(3, 5), torch.tensor([0, 2, 3])
    cosine = F.cosine_similarity(feature[:, :, None], head.weight[None], dim=1)
    value = head.loss((feature,), labelled(target.tolist()))["loss"]
    assert_close(value, F.cross_entropy(7.0 * cosine, target))


@pytest.mark.parametrize("name", WITH_COUNTS)
def test_counts_are_required_and_checked(name):
    loss = MODELS.build(dict(type=name))
    assert loss.cls_num_list is None
    score, target = scores()
    with pytest.raises(ValueError, match=f"{name} needs the class counts: add .*Hook"):
        loss(score, target)
    with pytest.raises(ValueError, match=r"no training image in classes \[1, 2\]"):
        loss.cls_num_list = [3, 0, 0]
    with pytest.raises(ValueError, match=r"no training image in classes \[0\]"):
        MODELS.build(dict(type=name, cls_num_list=[0, 3]))
    loss.cls_num_list = [3, 2]
    with pytest.raises(ValueError, match="has 2 classes but the scores have 4"):
        loss(score, target)
    loss.cls_num_list = COUNTS
    assert loss.cls_num_list == COUNTS
    assert loss(score, target).isfinite()


@pytest.mark.parametrize("name", WITH_COUNTS)
def test_counts_are_not_part_of_the_state(name):
    assert not build_loss(name).state_dict()


@pytest.mark.parametrize("name", WITH_COUNTS)
def test_counts_follow_the_model(name):
    loss = build_loss(name)
    [before] = loss.buffers()
    [after] = loss.to("meta").buffers()
    assert before.device.type == "cpu"
    assert after.device.type == "meta"


@pytest.mark.parametrize("name", MEANS)
def test_images_are_weighted_by_the_class_weights(name):
    loss = build_loss(name).eval()
    score, target = scores()
    weight = [0.5, 1.5, 3.0, 7.0]
    each = [loss(score[i : i + 1], target[i : i + 1]) for i in range(6)]
    loss.class_weight = torch.tensor(weight, dtype=torch.float64)
    weights = [weight[label] for label in target.tolist()]
    expected = sum(w * x for w, x in zip(weights, each, strict=True))
    assert_close(loss(score, target), expected / sum(weights))
    assert_close(loss(score, target, avg_factor=3), expected / 3)
    assert not loss.state_dict()
    loss.class_weight = None
    assert_close(loss(score, target), sum(each) / 6)


@pytest.mark.parametrize("name", ON_COSINES)
def test_margins_and_noise_are_off_in_evaluation(name):
    options = dict(gamma_neg=0.0, label_smoothing=0.0)
    loss = build_loss(name, **(options if name == "AsymmetricGCLLoss" else {}))
    cosine, target = scores(scale=1.0)
    expected = F.cross_entropy(20 * cosine, target)
    assert_close(loss.eval()(cosine, target), expected)
    assert loss.train()(cosine, target) > expected
