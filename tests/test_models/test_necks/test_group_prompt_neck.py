import math

import pytest
import torch
from mmpretrain.registry import MODELS
from torch.nn import functional as F
from torch.testing import assert_close


def build_neck(**kwargs):
    defaults = dict(
        type="GroupPromptNeck",
        embed_dims=8,
        num_layers=5,
        pool_size=6,
        topk=3,
        prompt_length=4,
        num_shared_layers=2,
    )
    return MODELS.build(defaults | kwargs)


def test_mixes_the_prompts_of_the_most_similar_groups(float64):
    neck, query = build_neck(), torch.randn(7, 8)
    prompts, similarity = neck(query)
    for i in range(7):
        cosine = F.cosine_similarity(query[i][None], neck.prompt_keys, dim=1)
        values, groups = cosine.sort(descending=True)
        assert_close(similarity[i], values[:3])
        assert_close(prompts[i], neck.group_prompts[groups[:3]].mean(dim=0))
    assert prompts.shape == (7, 3, 4, 8)


@pytest.mark.parametrize(
    ("reduction", "weight", "factor"), [("sum", 0.5, 1.5), ("mean", 1.0, 1.0)]
)
def test_key_loss(reduction, weight, factor):
    neck = build_neck(similarity_reduction=reduction, loss_weight=weight)
    similarity = torch.rand(5, 3)
    assert_close(neck.loss(similarity), -factor * similarity.mean())


def test_key_loss_pulls_chosen_keys_only():
    neck, query = build_neck(topk=1), torch.randn(4, 8)
    before, groups = neck.match(query)
    neck.loss(before).backward()
    untouched = sorted(set(range(6)) - set(groups.flatten().tolist()))
    assert untouched
    assert not neck.prompt_keys.grad[untouched].any()
    with torch.no_grad():
        neck.prompt_keys -= 1e-3 * neck.prompt_keys.grad
    assert neck.match(query)[0].sum() > before.sum()


def test_queries_of_any_length_are_matched():
    neck, query = build_neck(), torch.randn(4, 8)
    similarity, groups = neck.match(query)
    for length in (1e-9, 1e20, 1e37):
        longer, again = neck.match(query * length)
        assert_close(longer, similarity)
        assert torch.equal(again, groups)


@pytest.mark.parametrize("matching", ["topk", "residual", "soft"])
def test_what_training_chose_together_is_summed(matching):
    neck, queries = build_neck(matching=matching), torch.randn(2, 5, 8)
    assert neck.co_choice is None
    for query in queries:
        neck(query)
    expected = torch.zeros(6, 6)
    for share in neck.choose(queries.flatten(0, 1)).share:
        expected += torch.outer(share, share)
    assert_close(neck.co_choice, expected)
    neck.eval()(queries[0])
    assert_close(neck.co_choice, expected)
    assert "co_choice" not in neck.state_dict()


def test_what_is_chosen_together_is_summed_exactly_in_mixed_precision():
    neck = build_neck()
    with torch.autocast("cpu", torch.bfloat16):
        neck(torch.randn(3, 8).repeat(367, 1))
    assert neck.co_choice.sum().item() == pytest.approx(3 * 367)


def test_keys_that_nothing_set_are_not_trained():
    neck, query = build_neck(key_init="kmeans"), torch.randn(4, 8)
    with pytest.raises(ValueError, match="nothing has set the keys: add .*KeyInitHook"):
        neck(query)
    neck.eval()(query)
    neck.train().load_state_dict(build_neck().state_dict())
    neck(query)


def test_centred_queries_are_matched(float64):
    neck, query, mean = build_neck(center=True), torch.randn(7, 8), torch.randn(8)
    neck.set_mean(mean)
    similarity, groups = neck.match(query)
    for i in range(7):
        cosine = F.cosine_similarity((query[i] - mean)[None], neck.prompt_keys, dim=1)
        values, expected = cosine.sort(descending=True)
        assert_close(similarity[i], values[:3])
        assert torch.equal(groups[i], expected[:3])


def test_soft_matching_mixes_all_prompts(float64):
    neck, query = build_neck(matching="soft", temperature=0.2), torch.randn(7, 8)
    prompts, similarity = neck(query)
    for i in range(7):
        cosine = F.cosine_similarity(query[i][None], neck.prompt_keys, dim=1)
        share = (cosine / 0.2).exp() / (cosine / 0.2).exp().sum()
        mixed = sum(x * p for x, p in zip(share, neck.group_prompts, strict=True))
        assert_close(prompts[i], mixed)
        assert_close(similarity[i], cosine.sort(descending=True).values[:3])


def test_centred_queries_leave_residuals(float64):
    neck = build_neck(center=True, matching="residual")
    query, mean = torch.randn(7, 8), torch.randn(8)
    neck.set_mean(mean)
    groups = neck.match(query)[1]
    for row, chosen in zip(query - mean, groups, strict=True):
        unit = F.normalize(neck.prompt_keys, dim=1)
        first = (unit @ row).argmax()
        left = row - (row @ unit[first]) * unit[first]
        second = max({*range(6)} - {int(first)}, key=lambda j, r=left: unit[j] @ r)
        assert chosen[:2].tolist() == [first, second]


def test_noise_changes_the_choice_and_not_the_similarity():
    neck, query = build_neck(choice_noise=0.5), torch.randn(200, 8)
    neck.noise_scale = 0.25
    seen = []
    for draw in (0, 1, 0):
        torch.manual_seed(draw)
        neck.co_choice = None
        seen.append((neck(query)[1], neck.co_choice))
    assert torch.equal(seen[0][0], seen[2][0])
    assert torch.equal(seen[0][1], seen[2][1])
    assert not torch.equal(seen[0][1], seen[1][1])
    torch.manual_seed(0)
    gumbel = -torch.empty(200, 6).exponential_().log()
    cosine = F.cosine_similarity(query[:, None], neck.prompt_keys, dim=2)
    groups = (cosine + 0.25 * gumbel).topk(3).indices
    assert_close(seen[0][0], cosine.gather(1, groups))
    counts = torch.zeros(200, 6).scatter_(1, groups, 1 / 3).sum(dim=0)
    assert_close(seen[0][1].sum(dim=1), counts)
    for neck.training, neck.noise_scale in ((False, 0.25), (True, 0.0)):
        assert_close(neck(query)[1], cosine.topk(3).values)


def test_noise_is_gumbel_of_its_scale():
    neck = build_neck(pool_size=500, choice_noise=2.0)
    neck.noise_scale = 2.0
    noise = neck._draw_noise(torch.zeros(400, 8))
    assert noise.mean().item() == pytest.approx(2 * 0.5772, abs=0.03)
    assert noise.std().item() == pytest.approx(2 * math.pi / 6**0.5, abs=0.03)


def test_without_noise_no_random_number_is_drawn():
    neck, query = build_neck(), torch.randn(4, 8)
    torch.manual_seed(3)
    neck(query)
    following = torch.rand(2)
    torch.manual_seed(3)
    assert torch.equal(following, torch.rand(2))


def test_noise_that_nothing_lowers_is_not_trained_with():
    neck, query = build_neck(choice_noise=0.5), torch.randn(4, 8)
    with pytest.raises(ValueError, match="nothing lowers it: add .*ChoiceNoiseHook"):
        neck(query)
    neck.eval()(query)


def test_keys_that_are_alike_cost_their_squared_cosine(float64):
    neck, pairs = build_neck(key_separation=0.7), []
    for i in range(6):
        for j in range(i):
            a, b = neck.prompt_keys[i], neck.prompt_keys[j]
            pairs.append((a @ b / a.norm() / b.norm()) ** 2)
    assert_close(neck.separation_loss(), 0.7 * sum(pairs) / 15)
    rate = 1e-3 / 0.7
    for _ in range(200):
        (gradient,) = torch.autograd.grad(neck.separation_loss(), neck.prompt_keys)
        neck.prompt_keys.data -= rate * gradient
    keys = F.normalize(neck.prompt_keys, dim=1)
    assert (keys @ keys.T - torch.eye(6)).abs().max() < 0.1  # six of eight dimensions


def test_frozen_keys_are_not_trained_and_their_prompts_are():
    neck = build_neck(frozen_keys=True, matching="soft")
    prompts, similarity = neck(torch.randn(4, 8))
    (prompts.square().sum() + neck.loss(similarity)).backward()
    assert neck.prompt_keys.grad is None
    assert neck.group_prompts.grad.any()
    assert "prompt_keys" in neck.state_dict()


def test_prompts_that_nothing_set_are_not_trained():
    neck, query = build_neck(prompt_init="tokens"), torch.randn(4, 8)
    with pytest.raises(ValueError, match="the prompts: add .*GroupPromptInitHook"):
        neck(query)
    neck.eval()(query)
    neck.train().load_state_dict(build_neck().state_dict())
    neck(query)


def test_starts_as_small_truncated_normal():
    neck = build_neck(pool_size=200, embed_dims=64)
    for parameter in (neck.prompt_keys, neck.group_prompts):
        assert_close(parameter.std().item(), 0.02, rtol=0.05, atol=0)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        (dict(topk=7), "topk=7, pool_size=6"),
        (dict(topk=0), "topk must be in 1"),
        (dict(num_shared_layers=5), r"0 \.\.\. 4 for a transformer of 5 layers, got 5"),
        (dict(num_shared_layers=-1), "got -1"),
        (dict(prompt_length=0), "prompt_length must be at least 1"),
        (dict(similarity_reduction="max"), "'sum', 'mean'"),
        (dict(query="layer_j"), "'final_layer', 'layer_k'"),
        (dict(key_init="zeros"), "'random', 'kmeans'"),
        (dict(prompt_init="zeros"), "'normal', 'tokens'"),
        (dict(matching="hard"), "'topk', 'residual', 'soft'"),
        (dict(matching="residual", pool_size=9, topk=9), "set topk to 8 at most"),
        (dict(temperature=0.0), "temperature must be above 0, got 0.0"),
        (dict(temperature=math.inf), "temperature must be above 0, got inf"),
        (dict(choice_noise=-1), "choice_noise must be 0 or more, got -1"),
        (dict(key_separation=math.nan), "key_separation must be 0 or more, got nan"),
        (dict(key_separation=1, frozen_keys=True), "needs frozen_keys=False"),
        (dict(key_separation=1, pool_size=1, topk=1), "pool_size of 2 or more"),
        (dict(query="layer_k", num_shared_layers=0), "num_shared_layers of 1 or more"),
    ],
)
def test_refuses_impossible_settings(kwargs, message):
    with pytest.raises(ValueError, match=message):
        build_neck(**kwargs)


def test_a_wrong_key_names_the_component():
    with pytest.raises(TypeError, match="GroupPromptNeck.*pool"):
        build_neck(pool=3)
