"""Group prompts start as tokens of training images, which are looked for one by one."""

import pytest
import torch
from torch.nn import functional as F

from lpt_mm.utils.errors import UserError
from tests.test_engine.short_runs import read
from tests.test_engine.starts import find, start, tokens_of, training_images

GROUPS = {"model.neck.prompt_init": "tokens", "config": "phase2"}


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


def test_a_resumed_run_keeps_its_prompts(tmp_path):
    start(tmp_path / "a", **GROUPS)
    resume = tmp_path / "a" / "epoch_1.pth"
    _, model = start(tmp_path / "b", epochs=2, resume=resume, prompts=False, **GROUPS)
    saved = read(resume)["state_dict"]["neck.group_prompts"]
    assert torch.equal(model.neck.group_prompts, saved)


def test_without_the_hook_nothing_is_trained(tmp_path):
    off = {"default_hooks.group_prompt_init": dict(_delete_=True, type="MatchingHook")}
    with pytest.raises(UserError, match="nothing has set the prompts.*GroupPrompt"):
        start(tmp_path / "a", **GROUPS, **off)
