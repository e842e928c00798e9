"""Where the head starts, and what is taken off features."""

import torch
from mmengine import dist
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from mmpretrain.utils import get_ori_model
from torch import Tensor, nn

from lpt_mm.engine.training_features import (
    TrainingFeatures,
    find_features,
    told_by_first,
)
from lpt_mm.weights.head_weight import read_head_weight

CLASS_MEANS = "class_means"


@HOOKS.register_module()
class HeadInitHook(Hook):
    """Start the head as ``head_init`` says, and find the means of ``center=True``.

    Both are of the features of the training images, not augmented, before the first
    step: those of the frozen transformer in phase 1, those of the phase-1 model in
    phase 2. What a checkpoint brought is kept. Source: Long-Tail Learning with
    Foundation Model, https://arxiv.org/abs/2309.10019, for the start at class means.

    Args:
        max_images_per_class: How many images of a class are looked at; of more, so many
            are drawn.
        cache_dir: Folder where features are kept for later runs on the same backbone,
            images and transforms; None to keep none.
    """

    priority = "ABOVE_NORMAL"  # before KeyInitHook, whose queries may be centred

    def __init__(
        self,
        max_images_per_class: int = 100,
        cache_dir: str | None = "work_dirs/features_cache",
    ) -> None:
        self.max_images_per_class = max_images_per_class
        self.cache_dir = cache_dir

    def before_train(self, runner: Runner) -> None:
        """Find the means, and set the weights."""
        model = get_ori_model(runner.model)
        neck, head = (getattr(model, part, None) for part in ("neck", "head"))
        of_head, found = not getattr(head, "mean_set", True), {}
        if of_head or _starts_at_means(head):
            found["feature"] = self._find(runner, "feature")
        if of_head:
            _set_mean(head, found["feature"])
        if not getattr(neck, "mean_set", True):
            kind = "feature" if neck.query == "final_layer" else "query"
            features = found[kind] if kind in found else self._find(runner, kind)
            _set_mean(neck, features)
        if _starts_at_means(head):
            origin = head.feature_mean if head.center else torch.zeros(head.in_channels)
            weight = told_by_first(_weight_of(head, found["feature"], origin.cpu()))
            head.start_from(weight)
            runner.logger.info("the head starts at the mean features of the classes")
        elif not getattr(head, "weight_set", True):
            shape = (head.num_classes, head.in_channels)
            names = runner.train_dataloader.dataset.metainfo.get("classes")
            weight = None
            if dist.is_main_process():  # other machines may not have the file
                weight = read_head_weight(head.head_init, shape, names)
            head.start_from(told_by_first(weight))
            runner.logger.info(f"the head starts at the weights of '{head.head_init}'")

    def _find(self, runner: Runner, kind: str) -> TrainingFeatures | None:
        return find_features(runner, kind, self.max_images_per_class, self.cache_dir)


def _starts_at_means(head: nn.Module) -> bool:
    return not getattr(head, "weight_set", True) and head.head_init == CLASS_MEANS


def _set_mean(module: nn.Module, features: TrainingFeatures | None) -> None:
    """Hand out the mean feature that the first process knows."""
    module.set_mean(told_by_first(features and features.mean()))


def _weight_of(
    head: nn.Module, features: TrainingFeatures | None, origin: Tensor
) -> Tensor | None:
    """Compute the weights (C, D) of a head from features (N, D) less a mean (D,)."""
    if features is None:
        return None
    length = (features.feature - origin).norm(dim=1).mean().item()
    return head.weight_of_means(features.class_means() - origin, length)
