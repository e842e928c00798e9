"""Labels of a data set, whatever wraps it."""

import numpy as np
from mmengine.dataset import BaseDataset


def gt_labels(dataset: BaseDataset) -> np.ndarray:
    """Return the labels of all images in the order of the data set.

    Args:
        dataset: Any mmpretrain data set, or mmengine's wrappers around one.

    Returns:
        (number of images,) int64 class indices.
    """
    if hasattr(dataset, "get_gt_labels"):
        return np.asarray(dataset.get_gt_labels(), dtype=np.int64)
    infos = (dataset.get_data_info(i) for i in range(len(dataset)))
    return np.fromiter((info["gt_label"] for info in infos), np.int64, len(dataset))
