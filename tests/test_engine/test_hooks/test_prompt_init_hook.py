"""Prompts start as tokens of training images, which are looked for one by one."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from lpt_mm.utils.errors import UserError
from tests.test_engine.short_runs import read
from tests.test_engine.starts import start, training_images

TOKENS = {"model.backbone.prompt_init": "tokens"}
GROUPS = {"model.neck.prompt_init": "tokens", "config": "phase2"}


@torch.no_grad()
def tokens_of(model, prompts=None):
    """Compute the patch tokens (images, patches, D) that enter each layer.

    Prompts (layers, P, D) are joined as tokens of which nothing is kept.
    """
    vit = model.backbone
    images, labels = training_images(model)
    patches = vit.patch_embed(images)[0]
    tokens = torch.cat([vit.cls_token.expand(len(images), -1, -1), patches], dim=1)
    tokens = tokens + vit.pos_embed
    entering = [patches]
    for i, layer in enumerate(vit.layers):
        if i:
            entering.append(tokens[:, 1:])
        extra = [] if prompts is None else [prompts[i].expand(len(images), -1, -1)]
        tokens = layer(torch.cat([tokens, *extra], dim=1))[:, :17]
    return torch.stack(entering), labels


def distance_to(token, among):
    return (among - token).abs().amax(dim=-1)


def find(token, among):
    """Find the place of a token among tokens (images, patches, D), where it is once."""
    distance = distance_to(token, among)
    assert (distance < 1e-4).sum() == 1
    return tuple(np.unravel_index(distance.argmin().item(), distance.shape))


def test_shared_prompts_are_tokens_of_their_layer_from_all_classes(tmp_path):
    length = {"model.backbone.prompt_length": 12}
    _, model = start(tmp_path / "a", False, **TOKENS, **length)
    tokens, labels = tokens_of(model)
    first, *prompts = model.backbone.shared_prompts.detach()
    # Without positions, the patches of black pixels are all the same.
    assert all(distance_to(token, tokens[0]).min() < 1e-4 for token in first)
    for prompt, entering in zip(prompts, tokens[1:], strict=True):
        places = [find(token, entering) for token in prompt]
        assert len(set(places)) == 12
        drawn = np.bincount([labels[image] for image, _ in places], minlength=10)
        assert sorted(drawn) == [1] * 8 + [2] * 2
    _, again = start(tmp_path / "b", False, **TOKENS, **length)
    prompts = model.backbone.shared_prompts
    assert torch.equal(again.backbone.shared_prompts, prompts)
    seed = {"randomness.seed": 5}
    _, other = start(tmp_path / "c", False, **TOKENS, **length, **seed)
    assert not torch.equal(other.backbone.shared_prompts, prompts)


def test_a_shallow_prompt_is_made_of_patches(tmp_path):
    shallow = {"model.backbone.prompt_mode": "shallow"}
    _, model = start(tmp_path / "a", False, **TOKENS, **shallow)
    assert model.backbone.prompt_mode == "shallow"
    patches, _ = tokens_of(model)
    (prompt,) = model.backbone.shared_prompts.detach()
    assert distance_to(prompt[0], patches[0]).min() < 1e-4


def test_group_prompts_are_tokens_of_the_images_nearest_to_their_key(tmp_path):
    changes = {"model.neck.key_init": "kmeans", "model.neck.prompt_length": 3}
    changes |= {"model.neck.pool_size": 6, "model.neck.center": True}
    _, model = start(tmp_path / "a", False, **GROUPS, **changes)
    tokens, _ = tokens_of(model, model.backbone.shared_prompts)
    images, _ = training_images(model)
    with torch.no_grad():
        query = model.backbone(images)[-1]
    centred = query - query.mean(dim=0)
    cosine = F.cosine_similarity(
        model.neck.prompt_keys[:, None], centred[None], dim=2
    )  # (M, N)
    for prompts, row in zip(model.neck.group_prompts.detach(), cosine, strict=True):
        nearest = set(row.topk(3).indices.tolist())
        for prompt, entering in zip(prompts, tokens[3:], strict=True):
            places = [find(token, entering) for token in prompt]
            assert len(set(places)) == 3
            assert {int(image) for image, _ in places} <= nearest


def test_without_clusters_group_prompts_are_of_all_classes(tmp_path):
    changes = {"model.neck.prompt_length": 2, "model.neck.pool_size": 5}
    _, model = start(tmp_path / "a", False, **GROUPS, **changes)
    tokens, labels = tokens_of(model, model.backbone.shared_prompts)
    for i, entering in enumerate(tokens[3:]):
        flat = model.neck.group_prompts[:, i].detach().flatten(0, 1)
        places = [find(token, entering) for token in flat]
        assert sorted(labels[image] for image, _ in places) == list(range(10))


def test_a_resumed_run_and_phase_2_keep_their_prompts(tmp_path):
    start(tmp_path / "a", epochs=2, **TOKENS)
    resume = tmp_path / "a" / "epoch_1.pth"
    _, model = start(tmp_path / "b", epochs=2, resume=resume, prompts=False, **TOKENS)
    saved = read(resume)["state_dict"]["backbone.shared_prompts"]
    assert torch.equal(model.backbone.shared_prompts, saved)
    whole, resumed = (read(tmp_path / x / "epoch_2.pth")["state_dict"] for x in "ab")
    assert_close(dict(resumed), dict(whole), rtol=0, atol=0)
    phase1 = {"load_from": str(resume), "config": "phase2"}
    _, model = start(tmp_path / "c", prompts=False, **phase1, **TOKENS)
    assert torch.equal(model.backbone.shared_prompts, saved)


def test_more_prompts_than_tokens_are_refused(tmp_path):
    length = {"model.backbone.prompt_length": 400}  # 40 of class 9, of 1 or 2 images
    with pytest.raises(UserError, match="different tokens of . images with 16 patches"):
        start(tmp_path / "a", False, **TOKENS, **length)


@pytest.mark.parametrize("part", ["backbone", "neck"])
def test_without_the_hook_nothing_is_trained(tmp_path, part):
    off = {"default_hooks.prompt_init": dict(_delete_=True, type="MatchingHook")}
    tokens = {f"model.{part}.prompt_init": "tokens", "config": "phase2"}
    tokens["model.backbone.frozen_prompts"] = False
    with pytest.raises(UserError, match="nothing has set the prompts"):
        start(tmp_path / "a", **tokens, **off)
