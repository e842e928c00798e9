import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
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


def test_a_loss_on_cosines_gets_them_and_the_heads_scale():
    head = build_head(scale=10.0, loss=dict(type="AsymmetricGCLLoss", scale=3.0)).eval()
    assert head.loss_module.scale == 10.0
    feature, target = torch.randn(3, 6), torch.tensor([0, 1, 2])
    loss = head.loss((feature,), samples(target.tolist()))["loss"]
    assert_close(loss, head.loss_module(head.cosine(feature), target))


def test_a_centred_head_classifies_what_is_left_of_features():
    head = build_head(scale=10.0, center=True, loss=CROSS_ENTROPY)
    mean, feature, labels = torch.randn(6), torch.randn(3, 6), torch.tensor([0, 1, 2])
    head.set_mean(mean)
    expected = 10 * F.cosine_similarity(
        (feature - mean)[:, :, None], head.weight[None], dim=1
    )
    assert_close(head((feature,)), expected)
    assert_close(head.pre_logits((feature,)), feature - mean)
    loss = head.loss((feature,), samples(labels.tolist()))["loss"]
    assert_close(loss, F.cross_entropy(expected, labels))


def test_starts_from_the_directions_of_given_weights():
    head = build_head(head_init="class_means", loss=CROSS_ENTROPY)
    feature, labels = torch.randn(3, 6), samples([0, 1, 2])
    with pytest.raises(ValueError, match="nothing has set the weights.*HeadInitHook"):
        head.loss((feature,), labels)
    head((feature,))
    weight = torch.randn(4, 6)
    head.start_from(5 * weight)
    assert_close(head.weight.T, F.normalize(weight, dim=1))
    head.loss((feature,), labels)
    other = build_head(head_init="class_means", loss=CROSS_ENTROPY)
    other.load_state_dict(head.state_dict())
    other.loss((feature,), labels)


def test_any_other_loss_gets_the_scaled_scores():
    head = build_head(loss=CROSS_ENTROPY)
    feature, target = torch.randn(3, 6), torch.tensor([0, 1, 2])
    loss = head.loss((feature,), samples(target.tolist()))["loss"]
    assert_close(loss, F.cross_entropy(head((feature,)), target))


def test_a_scale_alone_makes_no_loss_on_cosines():
    """A weight of the loss may be called so, too."""
    head = build_head(loss=dict(type="CrossEntropyLoss"))
    feature, module = torch.randn(3, 6), head.loss_module
    module.scale = 2.0
    assert_close(head.loss_scores(feature, module), head((feature,)))
    assert module.scale == 2.0


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


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.integers(-36, 125), st.integers(-36, 125), st.integers(0, 99))
def test_the_length_of_vectors_does_not_matter(of_feature, of_weight, seed):
    torch.manual_seed(seed)
    head, feature = build_head(), torch.randn(3, 6)
    expected = F.cosine_similarity(feature[:, :, None], head.weight[None], dim=1)
    head.weight.data *= 2.0**of_weight / head.weight.abs().max()
    feature = (feature * 2.0**of_feature).requires_grad_()
    cosine = head.cosine(feature)
    assert_close(cosine, expected)
    cosine.sum().backward()
    assert feature.grad.isfinite().all()
    assert head.weight.grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("autocast", [True, False])
def test_the_ends_of_the_number_range_are_finite(dtype, autocast):
    head, limits = build_head(), torch.finfo(dtype)
    largest, smallest = limits.max, limits.smallest_normal
    feature = torch.tensor(
        [
            [0, 0, 0, 0, 0, 0],
            [largest, -largest, 0, largest, 0, -largest],
            [largest, smallest, 0, 0, 0, 0],
            [1, smallest, -smallest, 0, 0, 0],
        ],
        dtype=dtype,
        requires_grad=True,
    )
    tiny = torch.full((1, 6), smallest, dtype=dtype) * limits.eps
    everything = torch.cat([feature, tiny])
    head.loss_module.cls_num_list = [9, 3, 2, 1]
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        loss = head.loss((feature,), samples([0, 1, 2, 3]))["loss"]
        cosine = head.cosine(everything)
    loss.backward()
    assert cosine.dtype == torch.float32
    assert (cosine.abs() <= 1 + 1e-6).all()
    assert loss.isfinite()
    assert feature.grad.isfinite().all()
    assert head.weight.grad.isfinite().all()
    assert not cosine[0].any()
    assert not feature.grad[0].any()


def test_features_that_are_not_finite_are_not_hidden():
    for value in (float("nan"), float("inf")):
        assert build_head().cosine(torch.tensor([[value, 1, 1, 1, 1, 1]])).isnan().all()


def test_refuses_soft_labels_and_a_single_class():
    soft = [DataSample().set_gt_label(0).set_gt_score(torch.rand(4))]
    with pytest.raises(ValueError, match="batch_augments"):
        build_head().loss((torch.randn(1, 6),), soft)
    with pytest.raises(ValueError, match="num_classes must be at least 2, got 1"):
        build_head(num_classes=1)
