"""Between instance- and class-balanced sampling."""

import numpy as np
from mmpretrain.registry import DATA_SAMPLERS

from lpt_mm.datasets.samplers.long_tail_sampler import LongTailSampler


@DATA_SAMPLERS.register_module()
class SquareRootSampler(LongTailSampler):
    """Draw a class with a probability in proportion to the root of its images.

    Between instance- and class-balanced sampling; an epoch is as long as the data set.
    Each class gives its images from its own shuffled cycle. Its arguments are those of
    :class:`LongTailSampler`. Source: https://arxiv.org/abs/1805.00932, section 2.2;
    https://arxiv.org/abs/1910.09217, section 3.
    """

    count_power = 0.5

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the indices of an epoch, (number of images,)."""
        roots = np.sqrt([len(members) for members in self.members])
        probability = roots / roots.sum()
        classes = rng.choice(len(roots), size=len(self.dataset), p=probability)
        return self.draw_images(classes, 1, rng)
