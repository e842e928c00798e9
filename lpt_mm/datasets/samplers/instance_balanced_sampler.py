"""Every image once."""

import numpy as np
from mmpretrain.registry import DATA_SAMPLERS

from lpt_mm.datasets.samplers.long_tail_sampler import LongTailSampler


@DATA_SAMPLERS.register_module()
class InstanceBalancedSampler(LongTailSampler):
    """Draw every image once in an epoch, in random order.

    Its arguments are those of :class:`LongTailSampler`.
    """

    count_power = 1.0

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the indices of an epoch, (number of images,)."""
        return rng.permutation(len(self.dataset))
