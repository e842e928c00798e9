"""Any data set, made long-tailed."""

from collections.abc import Sequence
from copy import copy

import numpy as np
from mmpretrain.registry import DATASETS
from torch.utils.data import Dataset

from lpt_mm.datasets.labels import gt_labels
from lpt_mm.datasets.long_tail import draw_long_tail, largest_class, long_tailed_counts
from lpt_mm.datasets.wrapped_dataset import WrappedDataset
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable


@DATASETS.register_module()
class LongTailedSubset(WrappedDataset):
    """Choose images of a data set so that class 0 has most and the last class least.

    Args:
        dataset: Config of the data set.
        imbalance_ratio: Images of the most frequent class over those of the rarest.
        max_per_class: Images of the most frequent class; by default as many as the data
            set allows.
        imbalance_type: ``'exp'`` or ``'step'``, see :func:`long_tailed_counts`.
        seed: Seed of the choice of images.
    """

    def __init__(
        self,
        dataset: dict | Dataset,
        imbalance_ratio: float,
        max_per_class: int | None = None,
        imbalance_type: str = "exp",
        seed: int = 0,
    ) -> None:
        if max_per_class is not None and max_per_class < 1:
            raise UserError(f"max_per_class must be 1 or more, got {max_per_class}")
        super().__init__(dataset)
        imbalance = (imbalance_ratio, imbalance_type)
        labels = gt_labels(self.dataset)
        names = self.metainfo.get("classes", ())
        if names and labels.max(initial=0) >= len(names):
            raise UserError(
                f"label {labels.max()} of an image to choose from: the data set has "
                f"the names of {len(names)} classes"
            )
        available = np.bincount(labels, minlength=len(names))
        feasible = largest_class(available, *imbalance)
        most = feasible if max_per_class is None else max_per_class
        counts = long_tailed_counts(most, len(available), *imbalance)
        if (np.array(counts) > available).any():
            label = int(np.argmax(np.array(counts) > available))
            raise UserError(
                f"max_per_class={most} asks for {counts[label]} images of class {label}"
                f"{f' ({printable(names[label])})' if names else ''}, which has "
                f"{available[label]}; at most max_per_class={feasible} is possible"
            )
        self.indices = draw_long_tail(labels, counts, seed)

    def get_data_info(self, idx: int) -> dict:
        """Return the annotation of an image of the subset."""
        return self.dataset.get_data_info(int(self.indices[idx]))

    def get_cat_ids(self, idx: int) -> list[int]:
        """Return the label of an image, as mmengine's ``ClassBalancedDataset`` asks."""
        return [int(self.get_data_info(idx)["gt_label"])]

    def get_subset(self, indices: Sequence[int]) -> "LongTailedSubset":
        """Choose among the images, as mmpretrain's ``KFoldDataset`` does."""
        subset = copy(self)
        subset.indices = self.indices[indices]
        return subset

    def get_gt_labels(self) -> np.ndarray:
        """Return the labels (number of images,) int64 of the subset."""
        return gt_labels(self.dataset)[self.indices]

    def __len__(self) -> int:
        """Count the images of the subset."""
        return len(self.indices)

    def __getitem__(self, idx: int) -> dict:
        """Read an image of the subset."""
        return self.dataset[int(self.indices[idx])]
