"""Splitting of a balanced data set into pre-training and long-tailed training."""

from collections.abc import Sequence

import numpy as np

from lpt_mm.datasets.long_tailed_subset import long_tailed_counts
from lpt_mm.utils.errors import UserError


def pretraining_split(
    labels: Sequence[int],
    most: int,
    imbalance_ratio: float,
    num_val: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Split images so that a backbone never sees what is trained on later.

    Half of each class is for pre-training. Of the other half come the long-tailed
    training set and a balanced validation set; the rest is not used.

    Args:
        labels: (number of images,) class indices of a balanced data set.
        most: Training images of class 0, the most frequent one.
        imbalance_ratio: ``most`` over the training images of the rarest class.
        num_val: Validation images of each class.
        seed: Seed of the choice.

    Returns:
        Indices of ``pretrain``, ``train`` and ``val``, in ascending order.

    Raises:
        UserError: If a class has too few images.
    """
    labels = np.asarray(labels)
    counts = long_tailed_counts(most, int(labels.max()) + 1, imbalance_ratio)
    split: dict[str, list[np.ndarray]] = {"pretrain": [], "train": [], "val": []}
    for label, count in enumerate(counts):
        members = np.flatnonzero(labels == label)
        order = np.random.default_rng([seed, label]).permutation(members)
        half = len(members) // 2
        if count + num_val > len(members) - half:
            raise UserError(
                f"class {label} has {len(members)} images; {half} for pre-training, "
                f"{count} for training and {num_val} for validation are more"
            )
        split["pretrain"].append(order[:half])
        split["val"].append(order[half : half + num_val])
        split["train"].append(order[half + num_val :][:count])
    return {name: np.sort(np.concatenate(parts)) for name, parts in split.items()}
