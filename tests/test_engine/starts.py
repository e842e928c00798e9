"""Runs of seconds, looked at before their first step."""

from copy import deepcopy

import numpy as np
import torch
from mmengine.hooks import Hook
from mmpretrain.registry import DATASETS

from tests.test_engine.short_runs import FEW, make_runner


class Start(Hook):
    """Keep a copy of the model before its first step."""

    priority = "LOWEST"

    def before_train(self, runner):
        self.model = deepcopy(runner.model).eval()


def start(folder, train=True, prompts=True, **changes):
    """Begin a run; return its runner and a copy of its model before the first step."""
    cache = str(folder.parent / "cache")
    own = {
        "default_hooks.head_init.cache_dir": cache,
        "default_hooks.group_prompt_init.cache_dir": cache,
        "phase1_work_dir": None,
    }
    runner, _ = make_runner(folder, **dict(epochs=1, **own) | changes)
    runner.register_hook(kept := Start())
    if prompts:
        runner.model.backbone.tuned_loaded = True  # random ones will do
    if train:
        runner.train()
    else:
        runner.call_hook("before_run")
        runner._init_model_weights()
        runner.call_hook("before_train")
    return runner, kept.model


def training_images(model):
    """Prepare the images of a short run, and give their labels."""
    indices = FEW["train_dataloader.dataset.dataset.indices"]
    pipeline = [dict(type="PackInputs")]
    dataset = DATASETS.build(
        dict(type="DigitsLT", split="train", pipeline=pipeline, indices=indices)
    )
    samples = [dataset[i] for i in range(len(dataset))]
    inputs = model.data_preprocessor(dict(inputs=[x["inputs"] for x in samples]))
    labels = np.array([int(x["data_samples"].gt_label) for x in samples])
    return inputs["inputs"], labels


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
