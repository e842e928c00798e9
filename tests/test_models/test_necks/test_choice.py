import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.models.necks.choice import choose_residual, choose_soft, choose_topk

M, D, K = 7, 5, 3


@pytest.fixture
def vectors(float64):
    query, keys = F.normalize(torch.randn(6, D)), F.normalize(torch.randn(M, D))
    return query, keys, torch.randn(6, M)


@pytest.mark.parametrize("is_noisy", [False, True])
def test_topk(vectors, is_noisy):
    query, keys, noise = vectors
    choice = choose_topk(query, keys, K, noise if is_noisy else None)
    for i in range(6):
        cosine = [float(query[i] @ key) for key in keys]
        ranked = [c + float(noise[i, j]) * is_noisy for j, c in enumerate(cosine)]
        order = sorted(range(M), key=lambda j: -ranked[j])[:K]
        assert choice.groups[i].tolist() == order
        assert choice.similarity[i].tolist() == pytest.approx(
            [cosine[j] for j in order]
        )
        expected = [1 / K if j in order else 0 for j in range(M)]
        assert choice.share[i].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("is_noisy", [False, True])
def test_residual(vectors, is_noisy):
    query, keys, noise = vectors
    choice = choose_residual(query, keys, K, noise if is_noisy else None)
    for i in range(6):
        left, chosen, similarity = query[i].numpy(), [], []
        for _ in range(K):
            cosine = keys.numpy() @ left / np.linalg.norm(left)
            ranked = cosine + noise[i].numpy() * is_noisy
            best = max(set(range(M)) - set(chosen), key=lambda j, r=ranked: r[j])
            chosen.append(best)
            similarity.append(cosine[best])
            left = left - (left @ keys[best].numpy()) * keys[best].numpy()
        assert choice.groups[i].tolist() == chosen
        assert choice.similarity[i].tolist() == pytest.approx(similarity)
        expected = [1 / K if j in chosen else 0 for j in range(M)]
        assert choice.share[i].tolist() == pytest.approx(expected)


def test_a_residual_pulls_its_own_key_alone(vectors):
    query, keys, _ = vectors
    keys.requires_grad_()
    choice = choose_residual(query[:1], keys, K)
    first, second, _ = choice.groups[0].tolist()
    (gradient,) = torch.autograd.grad(choice.similarity[0, 1], keys)
    left = query[0] - (query[0] @ keys[first]) * keys[first]
    assert_close(gradient[second], F.normalize(left, dim=0).detach())
    assert not gradient[[j for j in range(M) if j != second]].any()


def test_residual_matching_leaves_a_twin_out():
    keys = F.normalize(torch.tensor([[1.0, 0, 0], [1, 0.001, 0], [0, 0, 1]]))
    query = F.normalize(torch.tensor([[1.0, 0, 0.5]]))
    assert choose_topk(query, keys, 2).groups.tolist() == [[0, 1]]
    assert choose_residual(query, keys, 2).groups.tolist() == [[0, 2]]


def test_residual_matching_of_all_groups_chooses_each_once():
    keys = F.normalize(torch.randn(M, 2))  # nothing is left after two of them
    groups = choose_residual(F.normalize(torch.randn(4, 2)), keys, M).groups
    assert_close(groups.sort().values, torch.arange(M).expand(4, M))


@pytest.mark.parametrize("is_noisy", [False, True])
def test_soft(vectors, is_noisy):
    query, keys, noise = vectors
    noise = noise if is_noisy else None
    choice = choose_soft(query, keys, K, noise, temperature=0.3)
    for i in range(6):
        cosine = (query[i] @ keys.T).numpy()
        ranked = cosine if noise is None else cosine + noise[i].numpy()
        weight = np.exp(ranked / 0.3)
        np.testing.assert_allclose(choice.share[i], weight / weight.sum())
        order = np.argsort(-ranked)[:K]
        assert choice.groups[i].tolist() == order.tolist()
        np.testing.assert_allclose(choice.similarity[i], cosine[order])


def test_cold_soft_matching_is_that_of_one_group():
    query, keys = F.normalize(torch.randn(6, D)), F.normalize(torch.randn(M, D))
    share = choose_soft(query, keys, K, temperature=1e-5).share
    assert_close(share, F.one_hot((query @ keys.T).argmax(dim=1), M).float())
    assert choose_soft(query, keys, K, temperature=1e-45).share.isfinite().all()


def test_soft_shares_have_a_gradient_to_all_keys(vectors):
    query, keys, _ = vectors
    keys.requires_grad_()

    def mixed(keys):
        return choose_soft(query, keys, K, temperature=0.5).share @ torch.arange(7.0)

    assert torch.autograd.gradcheck(mixed, keys)
    (gradient,) = torch.autograd.grad(mixed(keys).sum(), keys)
    assert gradient.any(dim=1).all()
