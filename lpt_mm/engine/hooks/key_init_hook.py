"""Where the keys of the group prompts start."""

import numpy as np
import torch
from mmengine.dist import broadcast, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import DATASETS, HOOKS
from mmpretrain.utils import get_ori_model
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset

from lpt_mm.datasets.training_images import training_images
from lpt_mm.engine.feature_pass import compute_features, gather_features
from lpt_mm.models.numerics import require_finite, unit
from lpt_mm.utils.errors import UserError


@HOOKS.register_module()
class KeyInitHook(Hook):
    """Start the keys at the clusters of the queries, where ``key_init='kmeans'``.

    Before the first step they are set to the k-means centres of the training images'
    queries, of length 1 each, so that every group has images. They are kept if a
    checkpoint brought them.

    Args:
        max_images: How many images are looked at; of more, so many are drawn.
    """

    def __init__(self, max_images: int = 20_000) -> None:
        self.max_images = max_images

    def before_train(self, runner: Runner) -> None:
        """Set the keys."""
        model = get_ori_model(runner.model)
        neck = getattr(model, "neck", None)
        if getattr(neck, "keys_set", True):
            return
        keys = neck.prompt_keys.data
        loader = self._build_loader(runner, len(keys))
        queries = extract_queries(model, loader)
        require_finite(queries, "training images")
        if is_main_process():
            from sklearn.cluster import KMeans  # a second that others need not pay

            kmeans = KMeans(len(keys), random_state=runner.seed % 2**32)
            kmeans.fit(queries.cpu().numpy())
            keys.copy_(torch.from_numpy(kmeans.cluster_centers_))
        broadcast(keys)
        neck.keys_set = True
        runner.logger.info(
            f"the {len(keys)} keys start at the k-means centres of {len(queries)} "
            "queries"
        )

    def _build_loader(self, runner: Runner, pool_size: int) -> DataLoader:
        cfg = training_images(runner.cfg)
        dataset = DATASETS.build(cfg["dataset"])
        if len(dataset) < pool_size:
            raise UserError(
                f"key_init='kmeans' needs an image for each of the pool_size="
                f"{pool_size} groups, but there are {len(dataset)} training images: "
                "lower model.neck.pool_size or set model.neck.key_init='random'"
            )
        if len(dataset) > self.max_images:
            drawn = np.random.default_rng(runner.seed).choice(
                len(dataset), self.max_images, replace=False
            )
            dataset = Subset(dataset, np.sort(drawn))
        return runner.build_dataloader(dict(cfg, dataset=dataset))


def extract_queries(model: nn.Module, loader: DataLoader) -> Tensor:
    """Compute the queries (number of images, D) of length 1, all processes together."""
    queries, _ = compute_features(model, loader, model.query, "training images")
    return gather_features(unit(model.neck.centered(queries), dim=1), loader)
