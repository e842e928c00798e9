import pytest
import torch

from lpt_mm.models.backbones import PromptedViT
from lpt_mm.models.prompt_init import start_prompts
from lpt_mm.utils.errors import UserError

ARCH = dict(embed_dims=24, num_layers=2, num_heads=3, feedforward_channels=48)


def build(**settings):
    return PromptedViT(arch=ARCH, img_size=16, patch_size=4, **settings)


def test_uniform_prompts_have_the_bounds_of_vpt():
    vit = build(prompt_init="uniform", prompt_length=2000)
    bound = (6 / (3 * 4 * 4 + 24)) ** 0.5
    prompts = vit.shared_prompts.detach()
    assert prompts.abs().max() <= bound
    assert prompts.std().item() == pytest.approx(bound / 3**0.5, rel=0.02)


def test_others_start_as_small_truncated_normal():
    prompts = torch.empty(100, 64)
    for prompt_init in ("normal", "tokens"):
        start_prompts(prompts, prompt_init)
        assert prompts.std().item() == pytest.approx(0.02, rel=0.05)
    assert build(prompt_length=900).shared_prompts.std().item() == pytest.approx(
        0.02, rel=0.05
    )


def test_prompts_that_nothing_set_are_not_trained():
    vit, images = build(prompt_init="tokens"), torch.randn(1, 3, 16, 16)
    with pytest.raises(UserError, match="the prompts: add .*'PromptInitHook"):
        vit(images)
    vit.eval()(images)
    vit.train().load_state_dict(build().state_dict())
    vit(images)
    build(prompt_init="tokens", prompt_mode="none")(images)


def test_refuses_other_starts():
    with pytest.raises(UserError, match="'normal', 'uniform', 'tokens'"):
        build(prompt_init="zeros")
