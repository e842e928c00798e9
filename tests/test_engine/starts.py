"""Runs of seconds, looked at before their first step."""

from copy import deepcopy

import numpy as np
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
        "default_hooks.prompt_init.cache_dir": cache,
        "phase1_work_dir": None,
    }
    runner, _ = make_runner(folder, **dict(epochs=1, **own) | changes)
    runner.register_hook(kept := Start())
    if prompts:
        runner.model.backbone.prompts_loaded = True  # random ones will do
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
