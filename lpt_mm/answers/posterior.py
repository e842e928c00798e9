"""Probabilities of classes, from the scores of a model."""

import numpy as np
import torch
from torch import Tensor

from lpt_mm.answers.prior import Prior, prior_shift
from lpt_mm.evaluation.metrics import ShotGroups
from lpt_mm.utils.errors import UserError
from lpt_mm.weights.calibration import TEMPERATURE
from lpt_mm.weights.pack import Pack

ALL = "all"  # classes have one temperature


class Posterior:
    """Divide scores by the temperature of the pack, and shift them to a prior.

    With scores z less their mean, temperature T of the class or its shot group,
    training images n, and the pack's ``prior_power`` a, the probability of class c is
    in proportion to ``exp(z_c / T + log q_c - a log n_c)`` for a stated frequency q;
    without a prior it is in proportion to ``exp(z_c / T)``. So nothing is taken off
    that training has taken off already, and what is added to all scores of an image
    changes nothing.

    Args:
        pack: What is known of the model.
        prior: How frequent the classes are held to be; None to leave it as trained.

    Raises:
        UserError: If the pack does not say what a prior needs to know.
    """

    def __init__(self, pack: Pack, prior: Prior | None = None) -> None:
        divisor = temperatures(pack)
        shift = np.zeros(pack.num_classes)
        if prior is not None:
            shift = prior_shift(pack, prior)
        self._factor = torch.from_numpy(1 / divisor)
        self._shift = torch.from_numpy(shift)
        self._changes = prior is not None or bool((divisor != 1).any())

    def logits(self, score: Tensor) -> Tensor:
        """Give what enters the softmax, (n, C), of scores (n, C)."""
        if not self._changes or not len(score):
            return score
        return less_mean(score) * self._factor.to(score) + self._shift.to(score)

    def __call__(self, score: Tensor) -> Tensor:
        """Compute probabilities (n, C) of scores (n, C)."""
        return self.logits(score).softmax(dim=1)


def less_mean(score: Tensor) -> Tensor:
    """Take the mean of its scores off each image, (n, C)."""
    return score - score.mean(dim=1, keepdim=True)


def class_groups(pack: Pack) -> np.ndarray:
    """Name the shot group of each class of a pack, (C,).

    Args:
        pack: The pack.

    Returns:
        The names.

    Raises:
        UserError: If it has no training images per class.
    """
    if pack.cls_num_list is None:
        raise UserError(
            f"{pack.source} does not know its training images per class, and so no "
            "shot groups"
        )
    groups = ShotGroups(pack.convention, tuple(pack.thresholds))
    return groups.assign(pack.cls_num_list)


def temperatures(pack: Pack) -> np.ndarray:
    """Give the temperature of each class, (C,); 1 without a calibration."""
    known = (pack.calibration or {}).get(TEMPERATURE) or {ALL: 1.0}
    if ALL in known:
        return np.full(pack.num_classes, float(known[ALL]))
    groups = class_groups(pack)
    missing = set(groups) - known.keys()
    if missing:
        raise UserError(f"{pack.source} has no temperature of {', '.join(missing)}")
    return np.array([float(known[group]) for group in groups])
