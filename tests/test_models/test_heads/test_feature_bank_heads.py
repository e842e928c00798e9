import math

import pytest
import torch
from mmpretrain.registry import MODELS
from torch.nn import functional as F
from torch.testing import assert_close

from tests.test_models.test_heads.test_cosine_head import samples

KINDS = ("NearestNeighborHead", "NearestClassMeanHead", "GDAHead")


def filled(kind, feature, label, **kwargs):
    head = MODELS.build(dict(type=kind, num_classes=3, in_channels=5, **kwargs))
    head.fill(feature, label)
    return head


@pytest.fixture
def bank():
    torch.manual_seed(0)
    return torch.randn(20, 5), torch.arange(20) % 2  # class 2 has no image


def test_neighbors_vote_by_their_similarity(bank):
    feature, label = bank
    query = torch.randn(300, 5)  # more than are compared at a time
    head = filled("NearestNeighborHead", feature, label, num_neighbors=4)
    score = head((query,))
    for one, row in zip(query, score, strict=True):
        similarity = F.cosine_similarity(one[None], feature)
        votes = [0.0, 0.0, 0.0]
        for i in similarity.argsort(descending=True)[:4].tolist():
            votes[label[i]] += math.exp(similarity[i] / 0.07)
        expected = torch.tensor(votes) / sum(votes)
        assert_close(row.softmax(0), expected, rtol=1e-4, atol=1e-6)


def test_a_bank_smaller_than_the_neighbors_votes_as_a_whole(bank):
    feature, label = bank
    head = filled("NearestNeighborHead", feature[:3], label[:3], num_neighbors=10)
    assert head((feature,)).shape == (20, 3)


def test_class_means_are_those_of_unit_features(bank):
    feature, label = bank
    head = filled("NearestClassMeanHead", 7 * feature, label)
    query = torch.randn(4, 5)
    for k in (0, 1):
        mean = F.normalize(feature[label == k], dim=1).mean(dim=0)
        expected = 20 * F.cosine_similarity(query, mean[None])
        assert_close(head((query,))[:, k], expected)


def test_thousands_of_classes_fit_into_memory():
    head = MODELS.build(
        dict(type="NearestClassMeanHead", num_classes=10**6, in_channels=2)
    )
    label = torch.randint(10**6, (10**5,))  # one-hot labels would be 800 GB
    head.fill(torch.randn(10**5, 2), label)
    assert head.bank.shape == (10**6, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_nothing_to_train(kind, bank):
    head = filled(kind, *bank)
    assert not list(head.parameters())
    with pytest.raises(ValueError, match=r"nothing to train: run tools/test\.py"):
        head.loss((bank[0],), samples([0] * 20))


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_bank_is_refused(kind):
    head = MODELS.build(dict(type=kind, num_classes=3, in_channels=5))
    with pytest.raises(
        ValueError, match="no features to compare with.*FeatureBankHook"
    ):
        head((torch.randn(2, 5),))


def test_refuses_no_neighbors():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        filled(
            "NearestNeighborHead", torch.zeros(1, 5), torch.zeros(1), num_neighbors=0
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_features_that_are_no_numbers_are_refused(kind, broken, bank):
    feature, label = bank
    feature[[3, 5], 1] = broken
    with pytest.raises(ValueError, match="2 of 20 training images are no finite"):
        filled(kind, feature, label)


@pytest.mark.parametrize("kind", KINDS)
def test_the_bank_is_saved_and_loaded_with_the_model(bank, kind):
    head = filled(kind, *bank)
    state = head.state_dict()
    assert state.keys() - {"bias"} == {"bank", "bank_label"}
    other = MODELS.build(dict(type=kind, num_classes=3, in_channels=5))
    assert other.state_dict() == {}
    outer = torch.nn.ModuleDict(dict(head=other))
    outer.load_state_dict({f"head.{name}": value for name, value in state.items()})
    query = torch.randn(4, 5)
    assert_close(other((query,)), head((query,)), rtol=0, atol=0)
    fewer = filled(kind, bank[0][:7], bank[1][:7])
    head.load_state_dict(fewer.state_dict())
    assert_close(head((query,)), fewer((query,)), rtol=0, atol=0)
