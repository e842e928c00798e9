"""Where the group prompts start."""

from math import prod

import numpy as np
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model
from torch import nn

from lpt_mm.engine.prompt_tokens import (
    Picks,
    compute_tokens,
    pick_balanced,
    pick_nearest,
)
from lpt_mm.engine.training_features import (
    Images,
    TrainingFeatures,
    find_features,
    open_images,
    told_by_first,
)
from lpt_mm.models.numerics import unit


@HOOKS.register_module()
class GroupPromptInitHook(Hook):
    """Start the group prompts as tokens, where the neck's ``prompt_init`` says so.

    Before the first step they become patch tokens of the training images that enter
    their layer of the phase-1 model. Those of a group are of the images nearest to its
    key where the keys are cluster centres; else they are drawn evenly from the classes.
    Prompts that a checkpoint brought are kept. It is the start of the shared prompts of
    :class:`PromptInitHook`, brought to groups.

    Args:
        max_images_per_class: How many images of a class are looked at to find the
            nearest; of more, so many are drawn.
        cache_dir: Folder where features are kept, as in :class:`HeadInitHook`.
    """

    priority = "BELOW_NORMAL"  # after KeyInitHook

    def __init__(
        self,
        max_images_per_class: int = 100,
        cache_dir: str | None = "work_dirs/features_cache",
    ) -> None:
        self.max_images_per_class = max_images_per_class
        self.cache_dir = cache_dir

    def before_train(self, runner: Runner) -> None:
        """Set the prompts."""
        model = get_ori_model(runner.model)
        neck = getattr(model, "neck", None)
        if getattr(neck, "prompts_set", True):
            return
        groups, layers, length, width = neck.group_prompts.shape
        images = open_images(runner)
        tokens = compute_tokens(runner, images, self._pick(runner, model, images))
        tokens = tokens.view(layers, groups, length, width).transpose(0, 1)
        neck.group_prompts.data.copy_(tokens)
        neck.prompts_set = True
        runner.logger.info("the group prompts start as tokens of the training images")

    def _pick(self, runner: Runner, model: nn.Module, images: Images) -> Picks:
        """Draw tokens of all groups for the first of their layers, the next, ..."""
        neck, rng = model.neck, np.random.default_rng(runner.seed)
        layers = range(neck.num_shared_layers, model.backbone.num_layers)
        patches = prod(model.backbone.patch_resolution)
        groups, _, length, _ = neck.group_prompts.shape
        if neck.key_init != "kmeans":
            return pick_balanced(images.label, patches, layers, groups * length, rng)
        kind = "feature" if neck.query == "final_layer" else "query"
        arguments = self.max_images_per_class, self.cache_dir
        features = find_features(runner, kind, *arguments)
        nearest = told_by_first(features and _nearest_to_keys(neck, features))
        return pick_nearest(nearest, patches, layers, length, rng)


def _nearest_to_keys(neck: nn.Module, features: TrainingFeatures) -> np.ndarray:
    """Find as many images nearest to each key as a prompt has tokens, (M, T)."""
    keys = neck.prompt_keys.data
    query = unit(neck.centered(features.feature.to(keys)), dim=1)
    similarity = unit(keys, dim=1) @ query.T  # (M, N)
    number = min(neck.group_prompts.shape[2], len(query))
    return features.index[similarity.topk(number, dim=1).indices.cpu().numpy()]
