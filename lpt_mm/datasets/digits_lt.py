"""Digits-LT: a long-tailed data set that comes with scikit-learn."""

from collections.abc import Sequence
from functools import cache
from typing import ClassVar

import numpy as np
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from lpt_mm.utils.errors import require_choice

TEST_IMAGES_PER_CLASS = 74
TRAIN_IMAGES_PER_CLASS = (100, 71, 51, 36, 26, 18, 13, 9, 6, 5)


@DATASETS.register_module()
class DigitsLT(BaseDataset):
    """The 1,797 handwritten digits of scikit-learn as a long-tailed data set.

    The images are shuffled once (seed 0). In that order the first 74 of each class are
    the test set (740, balanced), the next 100, 71, 51, 36, 26, 18, 13, 9, 6, 5 of the
    classes 0 to 9 the training set (335, imbalance ratio 20), the rest the validation
    set (722). Source of the images:
    https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits.

    Args:
        split: ``'train'``, ``'val'`` or ``'test'``.
        pipeline: Transforms of a sample.
        indices: Use these images only, or the first so many.
    """

    METAINFO: ClassVar[dict] = {"classes": tuple("0123456789")}

    def __init__(
        self,
        split: str,
        pipeline: Sequence = (),
        indices: int | Sequence[int] | None = None,
    ) -> None:
        require_choice("split", split, ("train", "val", "test"))
        self.split = split
        super().__init__(ann_file="", pipeline=pipeline, indices=indices)

    def load_data_list(self) -> list[dict]:
        """Select the images of the split: ``img`` (8, 8) uint8 and ``gt_label``."""
        images, labels = _shuffled_digits()
        rank = np.empty(len(labels), dtype=np.int64)  # place within the class
        for label in range(10):
            members = np.flatnonzero(labels == label)
            rank[members] = np.arange(len(members))
        train_end = TEST_IMAGES_PER_CLASS + np.array(TRAIN_IMAGES_PER_CLASS)[labels]
        in_split = {
            "test": rank < TEST_IMAGES_PER_CLASS,
            "train": (rank >= TEST_IMAGES_PER_CLASS) & (rank < train_end),
            "val": rank >= train_end,
        }[self.split]
        return [
            {"img": images[i], "gt_label": int(labels[i])}
            for i in np.flatnonzero(in_split)
        ]


@cache
def _shuffled_digits() -> tuple[np.ndarray, np.ndarray]:
    """Read the images (1797, 8, 8) uint8 and labels (1797,), once for all splits."""
    from sklearn.datasets import load_digits  # a second that others need not pay

    digits = load_digits()
    # The 17 grey levels of the data set, 0 to 16, spread over 8 bits.
    images = np.round(digits.images * (255 / 16)).astype(np.uint8)
    order = np.random.default_rng(0).permutation(len(images))
    return images[order], digits.target[order]
