"""Samplers of long-tailed training sets."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import numpy as np
from mmengine.dataset import DefaultSampler
from mmpretrain.registry import DATA_SAMPLERS
from torch.utils.data import Dataset

from lpt_mm.datasets.labels import gt_labels
from lpt_mm.utils.errors import UserError


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
    """

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


@DATA_SAMPLERS.register_module()
class InstanceBalancedSampler(LongTailSampler):
    """Draw every image once in an epoch, in random order.

    Its arguments are those of :class:`LongTailSampler`.
    """

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the indices of an epoch, (number of images,)."""
        return rng.permutation(len(self.dataset))


@DATA_SAMPLERS.register_module()
class SquareRootSampler(LongTailSampler):
    """Draw a class with a probability in proportion to the root of its images.

    Between instance- and class-balanced sampling; an epoch is as long as the data set.
    Each class gives its images from its own shuffled cycle. Its arguments are those of
    :class:`LongTailSampler`. Source: https://arxiv.org/abs/1805.00932, section 2.2;
    https://arxiv.org/abs/1910.09217, section 3.
    """

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the indices of an epoch, (number of images,)."""
        roots = np.sqrt([len(members) for members in self.members])
        probability = roots / roots.sum()
        classes = rng.choice(len(roots), size=len(self.dataset), p=probability)
        return self.draw_images(classes, 1, rng)


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


def shuffled_cycle(
    items: np.ndarray, length: int, rng: np.random.Generator
) -> np.ndarray:
    """Go through all items again and again, in a new order each time: (length,)."""
    rounds = -(-length // len(items))
    return rng.permuted(np.tile(items, (rounds, 1)), axis=1).ravel()[:length]
