"""Class-balanced sampling."""

from collections.abc import Iterator

import numpy as np
from mmengine.dataset import DefaultSampler
from mmpretrain.registry import DATA_SAMPLERS
from torch.utils.data import Dataset

from lpt_mm.datasets.labels import gt_labels


@DATA_SAMPLERS.register_module()
class ClassBalancedSampler(DefaultSampler):
    """Draw every class equally often; an epoch is as long as the data set.

    Classes come from a shuffled cycle; each class drawn gives ``images_per_class``
    images from its own shuffled cycle. So two classes differ by ``images_per_class``
    draws at most, and two images of a class by one. The draws are a function of seed
    and epoch alone and are dealt to the processes in turn, so that they do not depend
    on how many there are. Source: the authors' description in Long-tailed Prompt
    Tuning, section 4.4, https://arxiv.org/abs/2210.01033.

    Args:
        dataset: The training set.
        images_per_class: Images drawn in a row from one class.
        seed: Seed of the draws, the same in all processes; by default random.
        round_up: Whether the first draws come again where there are not equally many
            for each process; otherwise the last ones, fewer than there are processes,
            are left out. A loader with ``drop_last=True`` makes the same steps on any
            number of processes only if they are left out.

    Raises:
        ValueError: If ``images_per_class`` is not positive.
    """

    def __init__(
        self,
        dataset: Dataset,
        images_per_class: int = 4,
        seed: int | None = None,
        round_up: bool = True,
    ) -> None:
        if images_per_class < 1:
            raise ValueError(
                f"images_per_class must be at least 1, got {images_per_class}"
            )
        super().__init__(dataset, seed=seed, round_up=round_up)
        if not round_up:  # mmengine's lets some processes have one more than others
            self.num_samples = len(dataset) // self.world_size
            self.total_size = self.num_samples * self.world_size
        self.images_per_class = images_per_class
        labels = gt_labels(dataset)
        self.members = [np.flatnonzero(labels == label) for label in np.unique(labels)]

    def __iter__(self) -> Iterator[int]:
        """Yield this process's indices of the epoch."""
        draws = self.draw_balanced(np.random.default_rng([self.seed, self.epoch]))
        return iter(self.deal(draws).tolist())

    def deal(self, draws: np.ndarray) -> np.ndarray:
        """Deal an epoch's draws to the processes, in turn and equally many to each.

        Args:
            draws: (number of images, ...) draws of the epoch, the same everywhere.

        Returns:
            This process's share.
        """
        padded = draws[np.arange(self.total_size) % len(draws)]
        return padded[self.rank :: self.world_size]

    def draw_balanced(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the class-balanced indices of an epoch, as many as there are images.

        Args:
            rng: Source of randomness.

        Returns:
            (number of images,) indices.
        """
        num_draws = -(-len(self.dataset) // self.images_per_class)
        classes = _shuffled_cycle(np.arange(len(self.members)), num_draws, rng)
        images = np.empty((num_draws, self.images_per_class), dtype=np.int64)
        for label, members in enumerate(self.members):
            drawn = np.flatnonzero(classes == label)
            cycle = _shuffled_cycle(members, len(drawn) * self.images_per_class, rng)
            images[drawn] = cycle.reshape(-1, self.images_per_class)
        return images.ravel()[: len(self.dataset)]


def _shuffled_cycle(
    items: np.ndarray, length: int, rng: np.random.Generator
) -> np.ndarray:
    """Go through all items again and again, in a new order each time."""
    rounds = -(-length // len(items))
    return rng.permuted(np.tile(items, (rounds, 1)), axis=1).ravel()[:length]
