"""Sets of classes that hold the true one as often as was asked."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor

from lpt_mm.answers.posterior import Posterior, class_groups
from lpt_mm.answers.prior import Prior, log_share
from lpt_mm.evaluation.metrics import SHOT_GROUPS
from lpt_mm.utils.errors import UserError, require_choice
from lpt_mm.utils.text import list_some
from lpt_mm.weights.calibration import SETS
from lpt_mm.weights.pack import Pack

ALL, SHOT_GROUP, CLASS = KINDS = ("all", "shot_group", "class")
GUARANTEES = {
    ALL: "of images like those of the validation set, at least {:.4g} % have their "
    "class in the set, on average over such validation sets; of a single class nothing "
    "is promised",
    SHOT_GROUP: "of images like those of the validation set, at least {:.4g} % of each "
    "shot group have their class in the set, on average over such validation sets; of "
    "a single class nothing is promised",
    CLASS: "about {:.4g} % have their class in the set, rare classes more evenly so "
    "than with one threshold; nothing is promised",
}


def smallest_number(coverage: float) -> int:
    """Give the fewest images that a threshold for a coverage can be found with."""
    return max(1, math.ceil(coverage / (1 - coverage) - 1e-9))


@dataclass(frozen=True)
class AnswerSets:
    """Which classes are in the set of an image, by a threshold for each class.

    The set has the classes whose prevalence-adjusted probability ``p(y | x) / pi_y`` is
    high enough, where p is that under the frequencies pi of training: rare classes are
    as easily in it as frequent ones. Source: Conformal prediction for long-tailed
    classification, https://arxiv.org/abs/2507.06867. An empty set says that no class is
    typical.

    Args:
        coverage: The share of the images whose class is to be in the set.
        kind: ``'all'`` for one threshold, ``'shot_group'`` for one of each, ``'class'``
            for one of each class that has images enough, halfway to that of all.
        threshold: (C,) the lowest adjusted probability.
        images: How many images they were found with.
    """

    coverage: float
    kind: str
    threshold: list[float]
    images: int

    @classmethod
    def fit(
        cls,
        pack: Pack,
        score: np.ndarray,
        label: np.ndarray,
        coverage: float,
        kind: str = ALL,
        class_weight: float = 0.5,
    ) -> Self:
        """Find the thresholds by split conformal prediction.

        Args:
            pack: The model.
            score: (n, C) scores of a validation set.
            label: (n,) its classes.
            coverage: As of the class.
            kind: As of the class.
            class_weight: Of ``'class'``: 0 gives the threshold of all, 1 that of the
                class alone.

        Returns:
            The sets.

        Raises:
            UserError: If there are too few images, or a number is out of its range.
        """
        require_choice("kind", kind, KINDS)
        if not 0 < coverage < 1 or not 0 <= class_weight <= 1:
            raise UserError(
                "a coverage is above 0 and below 1, and a weight from 0 to 1, got "
                f"{coverage} and {class_weight}"
            )
        ratio = _adjusted(pack, torch.from_numpy(score)).numpy()
        own = ratio[np.arange(len(label)), label].astype(float)
        everywhere = _threshold(own, coverage, "the validation set")
        threshold = np.full(pack.num_classes, everywhere)
        if kind == SHOT_GROUP:
            groups = class_groups(pack)
            for name in filter(groups.__contains__, SHOT_GROUPS):
                member = own[groups[label] == name]
                what = f"the {name}-shot part of the validation set"
                threshold[groups == name] = _threshold(member, coverage, what)
        if kind == CLASS:
            for c in range(pack.num_classes):
                member = own[label == c]
                if len(member) >= smallest_number(coverage):
                    alone = _threshold(member, coverage, "a class")
                    threshold[c] += class_weight * (alone - everywhere)
        return cls(coverage, kind, threshold.tolist(), len(label))

    @classmethod
    def of(cls, pack: Pack, coverage: float) -> Self:
        """Read the sets of a pack.

        Args:
            pack: The pack.
            coverage: Which of its sets.

        Returns:
            The sets.

        Raises:
            UserError: If the pack has none of this coverage.
        """
        known = (pack.calibration or {}).get(SETS, {})
        facts = known.get(f"{coverage:g}")
        if facts is None or len(facts["threshold"]) != pack.num_classes:
            there = f"; it has those of {list_some(known)}" if known else ""
            raise UserError(
                f"{pack.source} has no answer sets of coverage {coverage:g}{there}: "
                "make a pack that has with tools/inference/answer_sets.py"
            )
        return cls(coverage, **facts)

    def add_to(self, calibration: dict | None) -> dict:
        """Give what a pack's calibration is with these sets."""
        facts = dict(kind=self.kind, threshold=self.threshold, images=self.images)
        known = dict(calibration or {})
        sets = dict(known.get(SETS, {})) | {f"{self.coverage:g}": facts}
        return known | {SETS: sets}

    def guarantee(self) -> str:
        """Say what holds."""
        return GUARANTEES[self.kind].format(100 * self.coverage)

    def members(self, pack: Pack, score: Tensor) -> Tensor:
        """Tell which classes are in the sets, (n, C) bool, of scores (n, C)."""
        ratio = _adjusted(pack, score)
        return ratio >= torch.tensor(self.threshold, dtype=ratio.dtype).to(ratio.device)


def _adjusted(pack: Pack, score: Tensor) -> Tensor:
    """Compute probabilities under the training frequencies, over these, (n, C)."""
    share = torch.from_numpy(np.exp(log_share(pack)))
    probability = Posterior(pack, Prior(1.0))(score)
    return probability / share.to(probability)


def _threshold(own: np.ndarray, coverage: float, what: str) -> float:
    """Find the threshold that the own classes of images (n,) reach often enough."""
    number = len(own)
    if number < smallest_number(coverage):
        raise UserError(
            f"{what} has {number} images, and sets of coverage {coverage:g} need at "
            f"least {smallest_number(coverage)}"
        )
    place = max(1, math.ceil((number + 1) * coverage - 1e-9))
    return float(-np.sort(-own)[place - 1])
