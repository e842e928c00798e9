"""Prompts that start as tokens."""

from math import prod

import numpy as np
import torch
from mmengine import dist
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model
from torch import nn
from torch.utils.data import SequentialSampler, Subset

from lpt_mm.engine.prompt_tokens import (
    Picks,
    pick_balanced,
    pick_nearest,
    read_tokens,
    without_prompts,
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
class PromptInitHook(Hook):
    """Start prompts as tokens of the training images, where ``prompt_init='tokens'``.

    Before the first step the shared prompts of a layer become patch tokens that enter
    this layer of the frozen transformer, drawn evenly from the classes. Group prompts
    become tokens of the phase-1 model: those of a group are of the images nearest to
    its key where the keys are cluster centres, else they are drawn evenly from the
    classes. Prompts that a checkpoint brought are kept. Source: Revisiting the Power of
    Prompt for Visual Tuning, https://arxiv.org/abs/2402.02382; there classes are not
    balanced, and there are no groups.

    Args:
        max_images_per_class: How many images of a class are looked at to find the
            nearest; of more, so many are drawn.
        cache_dir: As in :class:`HeadInitHook`.
    """

    priority = "BELOW_NORMAL"  # after KeyInitHook, which sets the keys

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
        backbone, neck = (getattr(model, part, None) for part in ("backbone", "neck"))
        if not getattr(backbone, "prompts_set", True):
            backbone.prompts_set = True  # the pass may run
            self._start_shared(runner, backbone)
        if not getattr(neck, "prompts_set", True):
            self._start_groups(runner, backbone, neck)
            neck.prompts_set = True

    def _start_shared(self, runner: Runner, backbone: nn.Module) -> None:
        images, rng = open_images(runner), np.random.default_rng(runner.seed)
        layers, length, width = backbone.shared_prompts.shape
        patches = prod(backbone.patch_resolution)
        picks = pick_balanced(images.label, patches, range(layers), length, rng)
        with without_prompts(backbone):
            tokens = _tokens_of(runner, images, picks)
        backbone.shared_prompts.data.copy_(tokens.view(layers, length, width))
        runner.logger.info("the shared prompts start as tokens of the training images")

    def _start_groups(
        self, runner: Runner, backbone: nn.Module, neck: nn.Module
    ) -> None:
        images, rng = open_images(runner), np.random.default_rng(runner.seed)
        groups, _, length, width = neck.group_prompts.shape
        layers = range(neck.num_shared_layers, backbone.num_layers)
        patches = prod(backbone.patch_resolution)
        if neck.key_init == "kmeans":
            kind = "feature" if neck.query == "final_layer" else "query"
            arguments = self.max_images_per_class, self.cache_dir
            features = find_features(runner, kind, *arguments)
            nearest = told_by_first(features and _nearest_to_keys(neck, features))
            picks = pick_nearest(nearest, patches, layers, length, rng)
        else:
            number = groups * length
            picks = pick_balanced(images.label, patches, layers, number, rng)
        tokens = _tokens_of(runner, images, picks)
        tokens = tokens.view(len(layers), groups, length, width).transpose(0, 1)
        neck.group_prompts.data.copy_(tokens)
        runner.logger.info("the group prompts start as tokens of the training images")


def _nearest_to_keys(neck: nn.Module, features: TrainingFeatures) -> np.ndarray:
    """Find as many images nearest to each key as a prompt has tokens, (M, T)."""
    keys = neck.prompt_keys.data
    query = unit(neck.centered(features.feature.to(keys)), dim=1)
    similarity = unit(keys, dim=1) @ query.T  # (M, N)
    number = min(neck.group_prompts.shape[2], len(query))
    return features.index[similarity.topk(number, dim=1).indices.cpu().numpy()]


def _tokens_of(runner: Runner, images: Images, picks: Picks) -> torch.Tensor:
    """Let the first process compute the tokens, (number of tokens, D)."""
    tokens = None
    if dist.is_main_process():
        shown = np.unique(picks.image)
        dataset = Subset(images.dataset, shown.tolist())
        cfg = dict(images.cfg, dataset=dataset, sampler=SequentialSampler(dataset))
        loader = runner.build_dataloader(cfg)
        tokens = read_tokens(get_ori_model(runner.model), loader, shown, picks)
    return told_by_first(tokens)
