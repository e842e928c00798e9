"""How a balanced data set is made long-tailed."""

from collections.abc import Sequence

import numpy as np

from lpt_mm.utils.errors import UserError, require_choice

IMBALANCE_TYPES = ("exp", "step")


def long_tailed_counts(
    most: float, num_classes: int, imbalance_ratio: float, imbalance_type: str = "exp"
) -> list[int]:
    """Give the images per class of a long-tailed data set.

    Source: https://arxiv.org/abs/1901.05555 (``'exp'``) and
    https://arxiv.org/abs/1710.05381 (``'step'``); both round down, as most code does.

    Args:
        most: Images of class 0, the most frequent one.
        num_classes: Number of classes, C.
        imbalance_ratio: Images of the most frequent class over those of the rarest.
        imbalance_type: ``'exp'``: the counts fall exponentially; ``'step'``: the first
            half of the classes has ``most`` images, the rest those of the rarest.

    Returns:
        Images per class, length C.
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
    require_choice("imbalance_type", imbalance_type, IMBALANCE_TYPES)
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
