import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.datasets.dual_sampler_dataset import INSTANCE_BALANCED

CROSS_ENTROPY = dict(type="CrossEntropyLoss")


def build_head(**kwargs):
    defaults = dict(type="CosineHead", num_classes=4, in_channels=6, dropout=0.0)
    return MODELS.build(defaults | kwargs)


def samples(labels, sampling=None):
    out = [DataSample().set_gt_label(label) for label in labels]
    for sample in out:
        if sampling:
            sample.set_field(sampling, "sampling", field_type="metainfo")
    return out


def test_scores_are_scaled_cosines():
    head = build_head(scale=10.0)
    feature = torch.randn(3, 6)
    expected = 10 * F.cosine_similarity(feature[:, :, None], head.weight[None], dim=1)
    assert_close(head((torch.zeros(3, 6), feature)), expected)
    prediction = head.predict((feature,), samples([0, 1, 2]))
    assert [p.pred_label.item() for p in prediction] == expected.argmax(1).tolist()
    assert_close(prediction[0].pred_score, expected[0].softmax(0))


def test_weights_start_as_unit_columns():
    head = build_head(num_classes=50)
    assert head.weight.shape == (6, 50)
    assert_close(head.weight.norm(dim=0), torch.ones(50))


def test_a_loss_with_a_scale_gets_the_cosine_and_the_heads_scale():
    head = build_head(scale=10.0, loss=dict(type="AsymmetricGCLLoss", scale=3.0)).eval()
    assert head.loss_module.scale == 10.0
    feature, target = torch.randn(3, 6), torch.tensor([0, 1, 2])
    loss = head.loss((feature,), samples(target.tolist()))["loss"]
    assert_close(loss, head.loss_module(head.cosine(feature), target))


def test_any_other_loss_gets_the_scaled_scores():
    head = build_head(loss=CROSS_ENTROPY)
    feature, target = torch.randn(3, 6), torch.tensor([0, 1, 2])
    loss = head.loss((feature,), samples(target.tolist()))["loss"]
    assert_close(loss, F.cross_entropy(head((feature,)), target))


def test_instance_balanced_samples_have_their_own_loss():
    head = build_head(
        loss=CROSS_ENTROPY, instance_loss=dict(type="CrossEntropyLoss", loss_weight=2.0)
    )
    feature = torch.randn(3, 6)
    plain = head.loss((feature,), samples([0, 1, 2]))["loss"]
    instance = head.loss((feature,), samples([0, 1, 2], INSTANCE_BALANCED))["loss"]
    assert_close(instance, 2 * plain)
    head.instance_loss_module = None
    one_for_both = head.loss((feature,), samples([0, 1, 2], INSTANCE_BALANCED))["loss"]
    assert_close(one_for_both, plain)


def test_dropout_acts_on_the_feature_in_training_only():
    head = build_head(dropout=0.5, loss=CROSS_ENTROPY)
    feature, labels = torch.randn(3, 6), samples([0, 1, 2])
    losses = [head.loss((feature,), labels)["loss"] for _ in range(2)]
    assert losses[0] != losses[1]
    head.eval()
    assert_close(
        head.loss((feature,), labels)["loss"],
        F.cross_entropy(head((feature,)), torch.tensor([0, 1, 2])),
    )


def test_stays_in_float32_under_autocast():
    head = build_head()
    feature = torch.randn(3, 6)
    exact = head.cosine(feature)
    with torch.autocast("cpu", torch.bfloat16):
        assert_close(head.cosine(feature), exact, rtol=0, atol=0)
        assert head.cosine(feature.bfloat16()).dtype == torch.float32


def test_refuses_soft_labels_and_a_single_class():
    soft = [DataSample().set_gt_label(0).set_gt_score(torch.rand(4))]
    with pytest.raises(ValueError, match="batch_augments"):
        build_head().loss((torch.randn(1, 6),), soft)
    with pytest.raises(ValueError, match="num_classes must be at least 2, got 1"):
        build_head(num_classes=1)
