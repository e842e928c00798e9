"""Pairs of both kinds of sampling."""

from collections.abc import Iterator

import numpy as np
from mmpretrain.registry import DATA_SAMPLERS

from lpt_mm.datasets.samplers.class_balanced_sampler import ClassBalancedSampler


@DATA_SAMPLERS.register_module()
class DualSampler(ClassBalancedSampler):
    """Yield pairs of an instance-balanced and a class-balanced index.

    The first index goes once through all images in random order, the second is drawn
    as by :class:`ClassBalancedSampler`. To be used with :class:`DualSamplerDataset`.
    Its arguments are those of :class:`ClassBalancedSampler`. Source: Long-tailed Prompt
    Tuning, section 4.4, https://arxiv.org/abs/2210.01033.
    """

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield this process's index pairs of the epoch."""
        rng = np.random.default_rng([self.seed, self.epoch])
        instance = rng.permutation(len(self.dataset))
        pairs = np.stack([instance, self.draw(rng)], axis=1)
        return iter(map(tuple, self.deal(pairs).tolist()))
