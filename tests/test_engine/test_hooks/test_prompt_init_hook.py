"""Prompts start as tokens of training images, which are looked for one by one."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from lpt_mm.utils.errors import UserError
from tests.test_engine.short_runs import read
from tests.test_engine.starts import (
    distance_to,
    find,
    start,
    tokens_of,
    training_images,
)

TOKENS = {"model.backbone.prompt_init": "tokens"}


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


def test_without_the_hook_nothing_is_trained(tmp_path):
    off = {"default_hooks.prompt_init": dict(_delete_=True, type="MatchingHook")}
    with pytest.raises(UserError, match="nothing has set the prompts"):
        start(tmp_path / "a", **TOKENS, **off)


def test_the_head_starts_at_features_with_these_prompts(tmp_path):
    means = {"model.head.head_init": "class_means", "model.head.center": True}
    _, model = start(tmp_path / "a", False, **TOKENS, **means)
    images, _ = training_images(model)
    with torch.no_grad():
        mean = model.backbone(images)[-1].mean(dim=0)
    assert_close(model.head.feature_mean, mean, rtol=1e-4, atol=1e-5)
