"""Every class equally often."""

import numpy as np
from mmpretrain.registry import DATA_SAMPLERS
from torch.utils.data import Dataset

from lpt_mm.datasets.samplers.long_tail_sampler import LongTailSampler, shuffled_cycle
from lpt_mm.utils.errors import UserError


@DATA_SAMPLERS.register_module()
class ClassBalancedSampler(LongTailSampler):
    """Draw every class equally often; an epoch is as long as the data set.

    Classes come from a shuffled cycle; each class drawn gives ``images_per_class``
    images from its own shuffled cycle. So two classes differ by ``images_per_class``
    draws at most, and two images of a class by one. Source: the authors' description in
    Long-tailed Prompt Tuning, section 4.4, https://arxiv.org/abs/2210.01033.

    Args:
        dataset: The training set.
        images_per_class: Images drawn in a row from one class.
        **kwargs: Keyword arguments of :class:`LongTailSampler`.
    """

    count_power = 0.0

    def __init__(
        self, dataset: Dataset, images_per_class: int = 4, **kwargs: object
    ) -> None:
        if images_per_class < 1:
            raise UserError(
                f"images_per_class must be at least 1, got {images_per_class}"
            )
        super().__init__(dataset, **kwargs)
        self.images_per_class = images_per_class

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the indices of an epoch, (number of images,)."""
        num_draws = -(-len(self.dataset) // self.images_per_class)
        classes = shuffled_cycle(np.arange(len(self.members)), num_draws, rng)
        return self.draw_images(classes, self.images_per_class, rng)
