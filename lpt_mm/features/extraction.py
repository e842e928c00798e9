"""Features of a config's training and test images, as its head classifies them."""

from dataclasses import dataclass

import numpy as np
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner import Runner, load_checkpoint
from mmpretrain.models.classifiers import BaseClassifier
from mmpretrain.registry import MODELS
from torch.utils.data import DataLoader

from lpt_mm.datasets.training_images import training_images
from lpt_mm.engine.hooks.class_count_hook import count_classes
from lpt_mm.engine.hooks.data_check_hook import require_classes
from lpt_mm.models.finite import require_finite
from lpt_mm.utils.progress import progress_bar
from lpt_mm.utils.text import printable


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


def frozen_backbone(cfg: Config) -> Config:
    """Take away all that a config trains.

    Args:
        cfg: The config of a model with a ``PromptedViT``.

    Returns:
        The same without prompts and without neck; it needs no checkpoint.

    Raises:
        ValueError: If the backbone has no pre-trained weights.
    """
    cfg = Config(cfg.to_dict(), filename=cfg.filename)
    if not cfg.model.backbone.get("init_cfg"):
        raise ValueError(
            f"{printable(cfg.filename)} has no model.backbone.init_cfg: without "
            "pre-trained weights there is no frozen backbone to compare with"
        )
    cfg.model.neck = cfg.train_cfg = None
    cfg.model.backbone.update(prompt_mode="none", frozen=True)
    return cfg


def extract_features(cfg: Config, name: str) -> Features:
    """Compute the features of all images, with the transforms of the test.

    Args:
        cfg: The config of a test, as ``set_test`` and ``check_start`` complete it.
        name: What the progress bar says.

    Returns:
        What the head classifies, of the config's training and test set.

    Raises:
        WeightFileError: If the weights cannot be read.
        ValueError: If the config has no training or no test set, their labels do not
            fit the head, or features are no finite numbers.
    """
    init_default_scope(cfg.get("default_scope", "mmengine"))
    train, test = _build_loaders(cfg)
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
        load_checkpoint(model, cfg.load_from, map_location="cpu")
    else:
        model.backbone.load_source()
    return model.to(get_device()).eval()


def _build_loaders(cfg: Config) -> tuple[DataLoader, DataLoader]:
    """Build loaders that differ in nothing but the images."""
    for name in ("train_dataloader", "test_dataloader"):
        if cfg.get(name) is None:
            raise ValueError(
                f"{printable(cfg.filename)} has no {name}: features need both sets"
            )
    return (
        Runner.build_dataloader(training_images(cfg), seed=0),
        Runner.build_dataloader(cfg.test_dataloader, seed=0),
    )


@torch.no_grad()
def _run(
    model: BaseClassifier, loader: DataLoader, name: str
) -> tuple[np.ndarray, np.ndarray]:
    features, labels = [], []
    with progress_bar(transient=True) as progress:
        for batch in progress.track(loader, description=printable(name)):
            batch = model.data_preprocessor(batch)
            feature = model.extract_feat(batch["inputs"], stage="pre_logits")
            features.append(feature.float().cpu())
            labels += [int(sample.gt_label) for sample in batch["data_samples"]]
    features = torch.cat(features)
    require_finite(features, f"images ({printable(name)})")
    return features.numpy(), np.array(labels, dtype=np.int64)
