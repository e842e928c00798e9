"""Trained models, of images in files and of digits."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from PIL import Image

from lpt_mm.models.backbones import PromptedViT
from lpt_mm.weights.identity import leave_out_backbone
from tests.conftest import ROOT

CONFIGS = ROOT / "configs"
ARCH = dict(embed_dims=32, num_layers=3, num_heads=2, feedforward_channels=48)
SHADES = ("dark", "grey", "light")
CONFIG = f"""
_base_ = [
    "{CONFIGS}/_base_/models/lpt_vit_base.py",
    "{CONFIGS}/_base_/datasets/places_lt.py",
    "{CONFIGS}/_base_/schedules/lpt_sgd.py",
    "{CONFIGS}/_base_/default_runtime.py",
]
_pipeline = [
    dict(type="LoadImage"),
    dict(type="Resize", scale=(20, 18), backend="pillow", interpolation="bilinear"),
    dict(type="CenterCrop", crop_size=16),
    dict(type="PackInputs"),
]
_images = dict(data_root="{{folder}}", ann_file="train.txt", pipeline=_pipeline)
train_dataloader = dict(
    batch_size=5, num_workers=0, persistent_workers=False,
    dataset=dict(dataset=_images),
)
val_dataloader = val_evaluator = val_cfg = None
test_dataloader = dict(batch_size=4, num_workers=0, dataset=_images)
test_evaluator = dict(thresholds=(3, 5))
model = dict(
    backbone=dict(
        arch=dict(_delete_=True, **{ARCH!r}), img_size=16, patch_size=4,
        prompt_length=2, init_cfg=dict(checkpoint="{{folder}}/vit.pth"),
    ),
    neck=dict(
        type="GroupPromptNeck", pool_size=5, topk=2, prompt_length=2,
        num_shared_layers=1,
    ),
    head=dict(num_classes=3),
)
train_cfg = dict(max_epochs=1, val_interval=9)
log_level = "ERROR"
work_dir = "{{folder}}/run"
"""


class Scores(Hook):
    """Keep what a test computes of each image."""

    def __init__(self):
        self.scores = []

    def after_test_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.scores += [sample.pred_score.cpu() for sample in outputs]


def write_images(folder):
    """Write images of three shades: 7, 4 and 2 of them."""
    rng = np.random.default_rng(0)
    lines = []
    for label, count in enumerate((7, 4, 2)):
        for i in range(count):
            size = (30 + i, 24, 3)
            pixels = rng.integers(0, 80, size, dtype=np.uint8) + 80 * label
            suffix = "png" if i % 2 else "jpg"
            name = f"train/{SHADES[label]}/{i}.{suffix}"
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name)
            lines.append(f"{name} {label}")
    (folder / "train.txt").write_text("\n".join(lines))
    return [folder / line.split()[0] for line in lines]


class Shades:
    """A model with group prompts, trained for a moment on images in files."""

    def __init__(self, folder):
        self.folder = folder
        self.paths = write_images(folder)
        self.backbone = folder / "vit.pth"
        torch.manual_seed(0)
        vit = PromptedViT(
            arch=ARCH, img_size=16, patch_size=4, prompt_mode="none", frozen=False
        )
        vit.init_weights()
        torch.save(vit.state_dict(), self.backbone)
        self.config = folder / "shades.py"
        self.config.write_text(CONFIG.replace("{folder}", str(folder)))
        cfg = Config.fromfile(self.config)
        runner = Runner.from_cfg(cfg)
        runner.model.backbone.tuned_loaded = True  # random ones will do
        runner.train()
        self.run = folder / "run"
        self.checkpoint = self.run / "epoch_1.pth"

    def test_scores(self):
        """Test, and return the scores (number of images, C)."""
        cfg = Config.fromfile(self.config)
        cfg.load_from = str(self.checkpoint)
        cfg.experiment_name = "shades_test"
        runner = Runner.from_cfg(cfg)
        runner.register_hook(scores := Scores())
        runner.test()
        return torch.stack(scores.scores).numpy()


@pytest.fixture(scope="session")
def shades(tmp_path_factory):
    with DefaultScope.overwrite_default_scope("mmpretrain"):
        return Shades(tmp_path_factory.mktemp("shades"))


def digits_config(name="lpt/phase1_digits_lt"):
    return Config.fromfile(CONFIGS / f"{name}.py")


def set_means(model):
    """Give parts that centre their features something to take off."""
    for part in model.modules():
        if getattr(part, "center", False):
            part.set_mean(torch.randn_like(part.feature_mean))


def save_digits(path, cfg, **meta):
    """Save the checkpoint of a model of digits as a run does, without training it."""
    model = MODELS.build(cfg.model)
    set_means(model)
    state = model.state_dict()
    if model.backbone.frozen:
        model.backbone.load_source()
        state = leave_out_backbone(model.state_dict(), model.backbone.identity)
    counts = [100, 71, 51, 36, 26, 18, 13, 9, 6, 5]
    classes = dict(classes=tuple("0123456789"))
    meta = dict(epoch=1, cls_num_list=counts, dataset_meta=classes) | meta
    torch.save(dict(state_dict=state, meta=meta), path)
    return model
