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


def test_usage_counts_what_training_chose():
    neck, queries = build_neck(), torch.randn(2, 5, 8)
    for query in queries:
        neck(query)
    groups = neck.match(queries.flatten(0, 1))[1]
    assert_close(neck.usage, torch.bincount(groups.flatten(), minlength=6))
    neck.eval()(queries[0])
    assert neck.usage.sum() == 2 * 5 * 3
    assert "usage" not in neck.state_dict()


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
        (dict(query="layer_k", num_shared_layers=0), "num_shared_layers of 1 or more"),
    ],
)
def test_refuses_impossible_settings(kwargs, message):
    with pytest.raises(ValueError, match=message):
        build_neck(**kwargs)


def test_a_wrong_key_names_the_component():
    with pytest.raises(TypeError, match="GroupPromptNeck.*pool"):
        build_neck(pool=3)
