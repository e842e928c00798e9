"""Which shot groups are taken for which."""

import numpy as np

from lpt_mm.evaluation.metrics.shot_groups import SHOT_GROUPS


def count_shot_confusion(
    label: np.ndarray, prediction: np.ndarray, groups: np.ndarray
) -> dict[str, list]:
    """Count test images by shot group; the groups in the order many, medium, few.

    Args:
        label: (number of images,) class indices.
        prediction: (number of images,) class indices.
        groups: (C,) shot group of each class.

    Returns:
        As written to JSON: ``groups``, their names; ``images``, (3, 3) images by group
        of the label (row) and of the prediction; ``correct``, (3,) images of a group
        that are right. The others on the diagonal of ``images`` were taken for another
        class of the same group.
    """
    member = groups == np.array(SHOT_GROUPS)[:, None]  # (3, C)
    rows, columns = member[:, label].astype(int), member[:, prediction].astype(int)
    return dict(
        groups=list(SHOT_GROUPS),
        images=(rows @ columns.T).tolist(),
        correct=(rows @ (label == prediction)).tolist(),
    )
