"""Labels of a data set, whatever wraps it."""

import numpy as np
from mmengine.dataset import BaseDataset

from lpt_mm.utils.errors import UserError

# A label in a file decides how much memory counts take: 999999999 would take gigabytes.
MAX_LABEL = 10**6 - 1


def gt_labels(dataset: BaseDataset) -> np.ndarray:
    """Give the labels (number of images,) int64, through mmengine's wrappers too."""
    if hasattr(dataset, "get_gt_labels"):
        labels = np.asarray(dataset.get_gt_labels())
    else:
        infos = (dataset.get_data_info(i) for i in range(len(dataset)))
        labels = np.array([info["gt_label"] for info in infos])
    # Before the conversion, which fails at numbers that no int64 holds.
    if labels.size and labels.max() > MAX_LABEL:
        raise UserError(
            f"an image has the label {labels.max()}, but at most {MAX_LABEL} may be"
        )
    return labels.astype(np.int64)
