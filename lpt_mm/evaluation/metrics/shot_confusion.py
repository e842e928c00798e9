"""Which shot groups are taken for which."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from lpt_mm.evaluation.metrics.shot_groups import SHOT_GROUPS


@dataclass(frozen=True)
class ShotConfusion:
    """Test images by shot group; the groups in the order many, medium, few.

    Args:
        images: (3, 3) images by group of the label (row) and of the prediction.
        correct: (3,) images of a group that are right. The others on the diagonal of
            ``images`` were taken for another class of the same group.
    """

    images: np.ndarray
    correct: np.ndarray

    @classmethod
    def count(
        cls, label: np.ndarray, prediction: np.ndarray, groups: np.ndarray
    ) -> Self:
        """Count images by group.

        Args:
            label: (number of images,) class indices.
            prediction: (number of images,) class indices.
            groups: (C,) shot group of each class.

        Returns:
            The counts.
        """
        member = groups == np.array(SHOT_GROUPS)[:, None]  # (3, C)
        rows, columns = member[:, label].astype(int), member[:, prediction].astype(int)
        return cls(rows @ columns.T, rows @ (label == prediction))

    def as_dict(self) -> dict:
        """Return the counts and the names of the groups, as written to JSON."""
        return dict(
            groups=list(SHOT_GROUPS),
            images=self.images.tolist(),
            correct=self.correct.tolist(),
        )
