"""What data sets share that wrap another one."""

import numpy as np
from mmengine.dataset import Compose
from mmpretrain.registry import DATASETS
from torch.utils.data import Dataset

from lpt_mm.datasets.labels import gt_labels


class WrappedDataset(Dataset):
    """Build a data set, and pass on what it knows of some images, by default of all."""

    def __init__(self, dataset: dict | Dataset) -> None:
        self.dataset = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        self.full_init()
        self.indices = np.arange(len(self.dataset))

    def __len__(self) -> int:
        """Count the images."""
        return len(self.indices)

    def get_data_info(self, idx: int) -> dict:
        """Return the annotation of an image."""
        return self.dataset.get_data_info(int(self.indices[idx]))

    def get_gt_labels(self) -> np.ndarray:
        """Return the labels (number of images,) int64."""
        return gt_labels(self.dataset)[self.indices]

    @property
    def metainfo(self) -> dict:
        """Meta information of the wrapped data set."""
        return self.dataset.metainfo

    @property
    def pipeline(self) -> Compose:
        """Transforms of the wrapped data set."""
        return self.dataset.pipeline

    @pipeline.setter
    def pipeline(self, pipeline: Compose) -> None:
        self.dataset.pipeline = pipeline

    def full_init(self) -> None:
        """Load the wrapped data set if that has not been done."""
        if hasattr(self.dataset, "full_init"):  # torch's data sets have none
            self.dataset.full_init()
