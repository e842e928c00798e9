"""Features of the training images before training starts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from mmengine import dist
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS
from mmpretrain.utils import get_ori_model
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset

from lpt_mm.datasets.labels import gt_labels
from lpt_mm.datasets.training_images import training_images
from lpt_mm.engine.feature_cache import FeatureCache, describe_features, digest_module
from lpt_mm.engine.feature_pass import compute_features, gather_features
from lpt_mm.engine.hooks.class_count_hook import count_classes
from lpt_mm.models.necks import GroupPromptNeck
from lpt_mm.models.numerics import require_finite
from lpt_mm.utils.errors import UserError


class Images(NamedTuple):
    """Training images, not augmented, in order; and config of their loader."""

    dataset: Dataset
    label: np.ndarray  # (number of images,)
    cfg: dict

    def loader(self, runner: Runner, indices: np.ndarray) -> DataLoader:
        """Build the loader of some of them."""
        dataset = Subset(self.dataset, indices.tolist())
        return runner.build_dataloader(dict(self.cfg, dataset=dataset))


def open_images(runner: Runner) -> Images:
    """Open the training images of a run, prepared as in its test."""
    cfg = training_images(runner.cfg)
    dataset = DATASETS.build(cfg["dataset"])
    return Images(dataset, gt_labels(dataset), cfg)


@dataclass(frozen=True)
class TrainingFeatures:
    """Features (N, D) of images drawn from all classes, and what they stand for.

    Args:
        feature: (N, D) float64.
        label: (N,) int64.
        index: (N,) which of the training images they are of.
        cls_num_list: (C,) training images per class, drawn or not.
    """

    feature: Tensor
    label: Tensor
    index: np.ndarray
    cls_num_list: Tensor

    def class_means(self) -> Tensor:
        """Compute the mean feature of each class, (C, D)."""
        counts = len(self.cls_num_list)
        total = self.feature.new_zeros(counts, self.feature.shape[1])
        total.index_add_(0, self.label, self.feature)
        drawn = torch.bincount(self.label, minlength=counts)
        return total / drawn[:, None]

    def mean(self) -> Tensor:
        """Compute the mean feature (D,) of all training images, as those drawn tell."""
        share = self.cls_num_list / self.cls_num_list.sum()
        return share @ self.class_means()


def draw_per_class(label: np.ndarray, limit: int, seed: int) -> np.ndarray:
    """Draw at most ``limit`` images of each class; their indices, sorted."""
    if limit < 1:
        raise UserError(f"max_images_per_class must be at least 1, got {limit}")
    rng = np.random.default_rng(seed)
    drawn = []
    for name in np.unique(label):
        members = np.flatnonzero(label == name)
        if len(members) > limit:
            members = rng.choice(members, limit, replace=False)
        drawn.append(members)
    return np.sort(np.concatenate(drawn))


def find_features(
    runner: Runner, kind: str, limit: int, cache_dir: str | None
) -> TrainingFeatures | None:
    """Compute or read what a run's model makes of its training images as it is now.

    All processes work together; nothing is computed twice for the same model, images
    and transforms if there is a folder to keep it in.

    Args:
        runner: The run.
        kind: ``'feature'``, that of the last layer without group prompts, or
            ``'query'``, where the neck's queries are others.
        limit: The most images of a class; of more, so many are drawn.
        cache_dir: Folder to keep features in; None for nowhere.

    Returns:
        The features; None in all processes but the first.

    Raises:
        UserError: If a class has no images.
    """
    model = get_ori_model(runner.model)
    images = open_images(runner)
    # A class without images has no mean; not every run has a ClassCountHook.
    counts = count_classes(images.dataset, model.head.num_classes)
    index = draw_per_class(images.label, limit, runner.seed)
    label = images.label[index]
    key = feature = None
    neck = getattr(model, "neck", None)
    is_known = neck is None or _has_groups(neck)  # others may be trained
    if dist.is_main_process() and cache_dir is not None and is_known:
        key = describe_features(runner.cfg, images.cfg, images.dataset, index, kind)
    if key is not None:
        key |= dict(tensors=digest_module(model.backbone))
        key |= dict(layer=neck.num_shared_layers if kind == "query" else None)
        feature = FeatureCache(cache_dir).read(key, label)
    if not told_by_first(feature is not None):
        loader = images.loader(runner, index)
        own, _ = compute_features(
            model, loader, feature_function(model, kind), "training images"
        )
        feature = gather_features(own, loader).cpu()
        require_finite(feature, "training images")
        if key is not None:  # the first process alone
            FeatureCache(cache_dir).write(key, feature, torch.from_numpy(label))
    if not dist.is_main_process():
        return None
    cls_num_list = torch.tensor(counts, dtype=torch.float64)
    label = torch.from_numpy(label)
    return TrainingFeatures(feature.double(), label, index, cls_num_list)


def feature_function(model: nn.Module, kind: str) -> Callable[[Tensor], Tensor]:
    """Give what computes features (B, D) of prepared images; see `find_features`."""
    if kind == "query":
        return model.query
    # Group prompts are about to start: the features are those without them.
    stage = "backbone" if _has_groups(getattr(model, "neck", None)) else "neck"
    return lambda inputs: model.extract_feat(inputs, stage)[-1]


def _has_groups(neck: nn.Module | None) -> bool:
    return isinstance(neck, GroupPromptNeck)


def told_by_first(value: object) -> object:
    """Give the value that the first process has, in all processes."""
    told = [value]
    dist.broadcast_object_list(told)
    return told[0]
