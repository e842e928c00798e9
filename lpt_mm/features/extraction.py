"""Features of a config's training and test images, as its head classifies them."""

from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmpretrain.models.classifiers import BaseClassifier
from mmpretrain.registry import MODELS
from torch.utils.data import DataLoader

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
    """Features and labels of two splits.

    Args:
        train: (number of training images, D) float32.
        train_label: (number of training images,) int64 class indices.
        test: (number of test images, D) float32.
        test_label: (number of test images,) int64 class indices.
        class_names: Names of the classes, length C.
    """

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
        return np.array_equal(self.test_label, other.test_label) and np.array_equal(
            self.train_label, other.train_label
        )


def frozen_backbone(cfg: Config) -> Config:
    """Take away all that a config trains: prompts and neck. It needs no checkpoint.

    Without pre-trained weights of the backbone that is a ``ValueError``.
    """
    cfg = Config(cfg.to_dict(), filename=cfg.filename)
    if not cfg.model.backbone.get("init_cfg"):
        raise UserError(
            f"{printable(cfg.filename)} has no model.backbone.init_cfg: without "
            "pre-trained weights there is no frozen backbone to compare with"
        )
    cfg.model.neck = cfg.train_cfg = None
    cfg.model.backbone.update(prompt_mode="none", frozen=True)
    return cfg


def extract_features(cfg: Config, name: str) -> Features:
    """Compute what the head classifies, of a config's training and test set.

    The transforms are those of the test.

    Args:
        cfg: The config of a test, as ``set_test`` and ``check_start`` complete it.
        name: What the progress bar says.

    Returns:
        The features.

    Raises:
        WeightFileError: If the weights cannot be read.
        UserError: If the config has no training or no test set, their labels do not
            fit the head, or features are no finite numbers.
    """
    init_default_scope(cfg.get("default_scope", "mmengine"))
    for split in ("train_dataloader", "test_dataloader"):
        if cfg.get(split) is None:
            raise UserError(
                f"{printable(cfg.filename)} has no {split}: features need both sets"
            )
    train = Runner.build_dataloader(training_images(cfg), seed=0)
    test = Runner.build_dataloader(cfg.test_dataloader, seed=0)
    model = _load_model(cfg)
    class_names = train.dataset.metainfo.get("classes")
    num_classes = cfg.model.head.num_classes
    count_classes(train.dataset, num_classes)
    require_classes("test", test.dataset, num_classes, class_names)
    return Features(
        *_run(model, train, f"{name}: training images"),
        *_run(model, test, f"{name}: test images"),
        class_names=[str(name) for name in class_names or range(num_classes)],
    )


def _load_model(cfg: Config) -> BaseClassifier:
    model = MODELS.build(cfg.model)
    if cfg.load_from:
        model.load_state_dict(read_file(cfg.load_from).tensors, strict=False)
    else:
        model.backbone.load_source()
    return model.to(get_device())


def _run(
    model: BaseClassifier, loader: DataLoader, images: str
) -> tuple[np.ndarray, np.ndarray]:
    feature_of = partial(model.extract_feat, stage="pre_logits")
    feature, label = compute_features(model, loader, feature_of, images)
    require_finite(feature, f"images ({printable(images)})")
    return feature.float().cpu().numpy(), label.cpu().numpy()
