"""What data sets share that wrap another one."""

from mmengine.dataset import Compose
from mmpretrain.registry import DATASETS
from torch.utils.data import Dataset


class WrappedDataset(Dataset):
    """Build a data set, and pass on what it knows.

    Args:
        dataset: The data set or its config.
    """

    def __init__(self, dataset: dict | Dataset) -> None:
        self.dataset = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        self.full_init()

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
