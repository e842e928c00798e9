"""What samplers of long-tailed training sets share."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from mmengine.dataset import DefaultSampler
from torch.utils.data import Dataset

from lpt_mm.datasets.labels import gt_labels


class Draw(int):
    """Index of an image that knows its number among the draws of the epoch, from 0.

    An image may be drawn again in an epoch; its random numbers are to be others then.
    """

    def __new__(cls, index: int, number: int) -> "Draw":
        """Make a draw."""
        draw = super().__new__(cls, index)
        draw.number = number
        return draw

    def __getnewargs__(self) -> tuple[int, int]:
        return int(self), self.number


class LongTailSampler(DefaultSampler, ABC):
    """Base of samplers whose epoch is as long as the data set.

    The draws are a function of seed and epoch alone and are dealt to the processes in
    turn, so that they do not depend on how many there are. Subclasses define
    :meth:`draw`.

    Args:
        dataset: The training set.
        seed: Seed of the draws, the same in all processes; by default random.
        round_up: Whether the first draws come again where there are not equally many
            for each process; otherwise the last ones, fewer than there are processes,
            are left out. A loader with ``drop_last=True`` makes the same steps on any
            number of processes only if they are left out.

    Attributes:
        count_power: Which power of its images a class is drawn in proportion to, which
            is what scores take for the frequency of classes; None where unknown.
    """

    count_power: ClassVar[float | None] = None

    def __init__(
        self, dataset: Dataset, seed: int | None = None, round_up: bool = True
    ) -> None:
        super().__init__(dataset, seed=seed, round_up=round_up)
        if not round_up:  # mmengine's lets some processes have one more than others
            self.num_samples = len(dataset) // self.world_size
            self.total_size = self.num_samples * self.world_size
        labels = gt_labels(dataset)
        self.members = [np.flatnonzero(labels == label) for label in np.unique(labels)]

    def __iter__(self) -> Iterator[Draw]:
        """Yield this process's draws of the epoch."""
        indices = self.draw(np.random.default_rng([self.seed, self.epoch]))
        draws = np.stack([indices, np.arange(len(indices))], axis=1)
        return (Draw(*draw) for draw in self.deal(draws).tolist())

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the indices of an epoch, (number of images,), by ``rng`` alone."""

    def draw_images(
        self, classes: np.ndarray, images_per_class: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Draw from classes, by their places in ``members``, one after the other.

        Each gives so many images in a row from its own shuffled cycle. An epoch's
        indices are returned, (number of images,), those that are too many left out.
        """
        images = np.empty((len(classes), images_per_class), dtype=np.int64)
        for label, members in enumerate(self.members):
            drawn = np.flatnonzero(classes == label)
            cycle = shuffled_cycle(members, len(drawn) * images_per_class, rng)
            images[drawn] = cycle.reshape(-1, images_per_class)
        return images.ravel()[: len(self.dataset)]

    def deal(self, draws: np.ndarray) -> np.ndarray:
        """Deal an epoch's draws (number of images, ...) to the processes in turn."""
        padded = draws[np.arange(self.total_size) % len(draws)]
        return padded[self.rank :: self.world_size]


def shuffled_cycle(
    items: np.ndarray, length: int, rng: np.random.Generator
) -> np.ndarray:
    """Go through all items again and again, in a new order each time: (length,)."""
    rounds = -(-length // len(items))
    return rng.permuted(np.tile(items, (rounds, 1)), axis=1).ravel()[:length]
