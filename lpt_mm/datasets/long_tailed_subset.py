"""Any data set, made long-tailed."""

from collections.abc import Sequence
from copy import copy

import numpy as np
from mmpretrain.registry import DATASETS
from torch.utils.data import Dataset

from lpt_mm.datasets.labels import gt_labels
from lpt_mm.datasets.wrapped_dataset import WrappedDataset
from lpt_mm.utils.errors import UserError, require_choice
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

    def get_cat_ids(self, idx: int) -> list[int]:
        """Return the label of an image, as mmengine's ``ClassBalancedDataset`` asks."""
        return [int(self.get_data_info(idx)["gt_label"])]

    def get_subset(self, indices: Sequence[int]) -> "LongTailedSubset":
        """Choose among the images, as mmpretrain's ``KFoldDataset`` does."""
        subset = copy(self)
        subset.indices = self.indices[indices]
        return subset

    def __getitem__(self, idx: int) -> dict:
        """Read an image of the subset."""
        return self.dataset[int(self.indices[idx])]


def long_tailed_counts(
    most: float, num_classes: int, imbalance_ratio: float, imbalance_type: str = "exp"
) -> list[int]:
    """Give the images per class, from ``most`` of class 0 down to the rarest.

    ``'exp'``: the counts fall exponentially (https://arxiv.org/abs/1901.05555);
    ``'step'``: the first half of the classes has ``most`` images, the rest those of the
    rarest (https://arxiv.org/abs/1710.05381). Both round down, as most code does.
    """
    shares = _shares(num_classes, imbalance_ratio, imbalance_type)
    # A product that should be whole, such as 5000 * 10 ** -1, may fall just short.
    counts = np.floor(most * shares + 1e-9).astype(int).tolist()
    if counts[-1] < 1:
        raise UserError(
            f"the rarest class has no image left: of {int(most)} images of the most "
            f"frequent class imbalance_ratio={imbalance_ratio} leaves less than one"
        )
    return counts


def largest_class(
    available: Sequence[int], imbalance_ratio: float, imbalance_type: str = "exp"
) -> int:
    """Compute how many images class 0 may have so that each class has its share."""
    shares = _shares(len(available), imbalance_ratio, imbalance_type)
    return int((np.asarray(available) / shares).min() + 1e-9)


def _shares(
    num_classes: int, imbalance_ratio: float, imbalance_type: str
) -> np.ndarray:
    """Give the images per class as shares of those of class 0."""
    require_choice("imbalance_type", imbalance_type, ("exp", "step"))
    if imbalance_ratio < 1:
        raise UserError(f"imbalance_ratio must be at least 1, got {imbalance_ratio}")
    place = np.arange(num_classes) / max(num_classes - 1, 1)
    if imbalance_type == "step":
        place = np.arange(num_classes) >= num_classes / 2
    return float(imbalance_ratio) ** -place.astype(np.float64)


def draw_long_tail(
    labels: Sequence[int], counts: Sequence[int], seed: int
) -> np.ndarray:
    """Choose so many images of each class, by ascending index.

    The choice is the same on every machine. With fewer images a class keeps some of
    those it has with more.
    """
    labels = np.asarray(labels)
    chosen = []
    for label, count in enumerate(counts):
        members = np.flatnonzero(labels == label)
        assert count <= len(members), (label, count, len(members))
        order = np.random.default_rng([seed, label]).permutation(len(members))
        chosen.append(members[order[:count]])
    return np.sort(np.concatenate(chosen))
