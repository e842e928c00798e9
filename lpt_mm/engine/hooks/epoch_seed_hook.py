"""Random numbers that a resumed run draws again."""

import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seed each process by run seed, epoch and rank at the start of every epoch.

    Loss noise, dropout and augmentations in the main process are then the same whether
    a run was interrupted before the epoch or not, and differ between processes, which
    mmengine starts with one seed.
    """

    priority = "VERY_LOW"  # after the hooks that draw numbers of their own

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed Python, numpy and torch.

        Args:
            runner: The runner.
        """
        entropy = [runner.seed, runner.epoch, get_rank()]
        seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 (mmpretrain draws from the global one)
        torch.manual_seed(seed)
