"""Features of a config's training and test images, as its head classifies them."""

from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.registry import MODELS

from lpt_mm.datasets.training_images import training_images
from lpt_mm.engine.feature_pass import compute_features
from lpt_mm.engine.hooks.class_count_hook import count_classes
from lpt_mm.engine.hooks.data_check_hook import require_classes
from lpt_mm.models.numerics import require_finite
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable
from lpt_mm.weights.reading import read_file


@dataclass
class Features:
    """Features (number of images, D) and class indices of two splits; all names."""

    train: np.ndarray
    train_label: np.ndarray
    test: np.ndarray
    test_label: np.ndarray
    class_names: list[str]

    @property
    def cls_num_list(self) -> np.ndarray:
        """Training images per class, (C,)."""
        return np.bincount(self.train_label, minlength=len(self.class_names))

    def has_images_of(self, other: Self) -> bool:
        """Whether the labels, and so the images, are the same."""
        labels = ("train_label", "test_label")
        return all(np.array_equal(getattr(self, x), getattr(other, x)) for x in labels)


def frozen_backbone(cfg: Config) -> Config:
    """Take away all that a config trains; it must have pre-trained weights."""
    cfg = Config(cfg.to_dict(), filename=cfg.filename)
    if not cfg.model.backbone.get("init_cfg"):
        raise UserError(
            f"{printable(cfg.filename)} has no model.backbone.init_cfg: without "
            "pre-trained weights there is no frozen backbone to compare with"
        )
    cfg.model.neck = cfg.train_cfg = None
    cfg.model.backbone.update(prompt_mode="none", tunings=[], frozen=True)
    cfg.model.head.pop("center", None)  # which its own features would be
    return cfg


def extract_features(cfg: Config, name: str) -> Features:
    """Compute what the head classifies, of a config's training and test set.

    The config is as ``set_test`` and ``check_start`` leave it; the name is for the bar.
    What is missing, does not fit or is no finite number is a ``ValueError``.
    """
    init_default_scope(cfg.get("default_scope", "mmengine"))
    for split in ("train_dataloader", "test_dataloader"):
        if cfg.get(split) is None:
            raise UserError(
                f"{printable(cfg.filename)} has no {split}: features need both sets"
            )
    train = Runner.build_dataloader(training_images(cfg), seed=0)
    test = Runner.build_dataloader(cfg.test_dataloader, seed=0)
    model = MODELS.build(cfg.model)
    if cfg.load_from:
        model.load_state_dict(read_file(cfg.load_from).tensors, strict=False)
    else:
        model.backbone.load_source()
    model.to(get_device())
    class_names = train.dataset.metainfo.get("classes")
    num_classes = cfg.model.head.num_classes
    count_classes(train.dataset, num_classes)
    require_classes("test", test.dataset, num_classes, class_names)
    feature_of = partial(model.extract_feat, stage="pre_logits")
    arrays: list[np.ndarray] = []
    for loader, kind in ((train, "training"), (test, "test")):
        images = f"{name}: {kind} images"
        feature, label = compute_features(model, loader, feature_of, images)
        require_finite(feature, f"images ({printable(images)})")
        arrays += (feature.float().cpu().numpy(), label.cpu().numpy())
    names = [str(name) for name in class_names or range(num_classes)]
    return Features(*arrays, class_names=names)
