"""Images that cannot be read, and what stands in for them."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from logging import WARNING

import numpy as np
import torch
from mmengine.logging import print_log
from torch.utils.data import Dataset

from lpt_mm.datasets.labels import gt_labels
from lpt_mm.datasets.transforms import UnreadableImageError
from lpt_mm.utils.seeds import draw_seed
from lpt_mm.utils.text import list_some


class SubstitutingReader:
    """Read images, and in place of one that cannot be read the next of its class.

    Which ones cannot is kept in shared memory, by all worker processes together, and
    there may be ``limit`` of them.
    """

    def __init__(self, dataset: Dataset, limit: int) -> None:
        self._dataset = dataset
        self._limit = limit
        self._flags = torch.zeros(len(dataset), dtype=torch.uint8).share_memory_()

    @property
    def paths(self) -> list[str]:
        """The files that could not be read so far."""
        return [self._path(int(index)) for index in self._flags.nonzero()]

    def read(self, index: int, seed: Sequence[int]) -> dict:
        """Read an image, or the one that stands in for it, drawing by the seed."""
        for candidate in self._candidates(index):
            if self._flags[candidate] and self._count() <= self._limit:
                continue
            try:
                # Anew for each: a failed attempt may have drawn, and the next time that
                # attempt is not made.
                with draw_seed(*seed):
                    return self._dataset[candidate]
            except UnreadableImageError as error:
                self._note(candidate, error)
        raise UnreadableImageError(
            f"none of the images of the class of {self._path(index)!r} can be read"
        )

    def _candidates(self, index: int) -> Iterator[int]:
        """Give the image, and then the others of its class in a fixed order."""
        yield index
        members = np.flatnonzero(self._labels == self._labels[index])
        after = int(np.searchsorted(members, index)) + 1
        yield from np.roll(members, -after)[:-1].tolist()

    def _note(self, index: int, error: UnreadableImageError) -> None:
        """Count an unreadable image, and stop if there are too many."""
        self._flags[index] = 1
        if self._limit == 0:
            raise error
        if self._count() > self._limit:
            raise UnreadableImageError(
                f"{self._count()} training images cannot be read, more than "
                f"max_unreadable={self._limit}: {list_some(self.paths, limit=5)}"
            ) from error
        print_log(f"{error}; another of its class is taken", "current", WARNING)

    def _count(self) -> int:
        return int(self._flags.sum())

    @cached_property
    def _labels(self) -> np.ndarray:
        return gt_labels(self._dataset)

    def _path(self, index: int) -> str:
        return str(self._dataset.get_data_info(index).get("img_path", index))
