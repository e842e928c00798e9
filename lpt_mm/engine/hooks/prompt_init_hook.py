"""Where the shared prompts start."""

from math import prod

import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model

from lpt_mm.engine.prompt_tokens import compute_tokens, pick_balanced, without_prompts
from lpt_mm.engine.training_features import open_images


@HOOKS.register_module()
class PromptInitHook(Hook):
    """Start the shared prompts as tokens, where the backbone's ``prompt_init`` says so.

    Before the first step the prompts of a layer become patch tokens of the training
    images that enter this layer of the frozen transformer, drawn evenly from the
    classes. Prompts that a checkpoint brought are kept. Source: Revisiting the Power of
    Prompt for Visual Tuning, https://arxiv.org/abs/2402.02382; there the classes are
    not balanced.
    """

    priority = "HIGH"  # before HeadInitHook, whose features depend on the prompts

    def before_train(self, runner: Runner) -> None:
        """Set the prompts."""
        backbone = getattr(get_ori_model(runner.model), "backbone", None)
        if getattr(backbone, "prompts_set", True):
            return
        images, rng = open_images(runner), np.random.default_rng(runner.seed)
        layers, length, width = backbone.shared_prompts.shape
        patches = prod(backbone.patch_resolution)
        picks = pick_balanced(images.label, patches, range(layers), length, rng)
        with without_prompts(backbone):
            tokens = compute_tokens(runner, images, picks)
        backbone.shared_prompts.data.copy_(tokens.view(layers, length, width))
        backbone.prompts_set = True
        runner.logger.info("the shared prompts start as tokens of the training images")
