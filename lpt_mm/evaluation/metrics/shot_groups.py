"""Classes by their number of training images."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lpt_mm.utils.errors import UserError, require_choice

CONVENTIONS = ("lpt", "oltr")
SHOT_GROUPS = ("many", "medium", "few")


@dataclass(frozen=True)
class ShotGroups:
    """How classes are grouped by their number of training images.

    With thresholds (a, b), ``'lpt'`` has few <= a < medium <= b < many, as the
    published results of LPT; ``'oltr'`` has few < a <= medium <= b < many, as most
    other code since https://arxiv.org/abs/1904.05160.

    Args:
        convention: ``'lpt'`` or ``'oltr'``.
        thresholds: The bounds (a, b), in images.

    Raises:
        UserError: If the convention is unknown or the thresholds do not increase.
    """

    convention: str = "lpt"
    thresholds: tuple[int, int] = (20, 100)

    def __post_init__(self) -> None:
        require_choice("convention", self.convention, CONVENTIONS)
        if len(self.thresholds) != 2 or not 0 < self.thresholds[0] < self.thresholds[1]:
            raise UserError(
                "thresholds must be two increasing positive numbers of images, "
                f"got {self.thresholds!r}"
            )

    def __str__(self) -> str:
        low, high = self.thresholds
        if self.convention == "lpt":
            return f"lpt: few <= {low} < medium <= {high} < many"
        return f"oltr: few < {low} <= medium <= {high} < many"

    def assign(self, cls_num_list: Sequence[int]) -> np.ndarray:
        """Name the group of each class, (C,), by its training images."""
        counts = np.asarray(cls_num_list)
        low, high = self.thresholds
        few = counts <= low if self.convention == "lpt" else counts < low
        return np.select([few, counts > high], ["few", "many"], default="medium")


def places_of_groups(groups: np.ndarray) -> dict[str, np.ndarray]:
    """Tell where, (n,) bool, each group is that is among the (n,) names, if any is."""
    places = {name: groups == name for name in SHOT_GROUPS}
    return {name: where for name, where in places.items() if where.any()}


def count_shot_confusion(
    label: np.ndarray, prediction: np.ndarray, groups: np.ndarray
) -> dict[str, list]:
    """Count images, whose label and prediction are given, by (C,) groups of classes.

    Returns, as written to JSON, the names of the groups; (3, 3) images by group of the
    label (row) and of the prediction; (3,) images of a group that are right. The others
    on the diagonal were taken for another class of the same group.
    """
    member = groups == np.array(SHOT_GROUPS)[:, None]  # (3, C)
    rows, columns = member[:, label].astype(int), member[:, prediction].astype(int)
    return dict(
        groups=list(SHOT_GROUPS),
        images=(rows @ columns.T).tolist(),
        correct=(rows @ (label == prediction)).tolist(),
    )
