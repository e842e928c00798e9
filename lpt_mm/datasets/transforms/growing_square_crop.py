"""Random square crops that grow to the whole image."""

import torch
from mmpretrain.registry import TRANSFORMS

from lpt_mm.datasets.transforms.load_random_resized_crop import LoadRandomResizedCrop


@TRANSFORMS.register_module()
class GrowingSquareCrop(LoadRandomResizedCrop):
    """Random square crops, bicubic, whose smallest share of the image rises to 1.

    The share of the area is uniform from the least one to 1; ``CropScheduleHook`` sets
    the least one for each epoch, until then it is that of ``RandomResizedCrop``. It is
    a share of the whole image, whatever its shape: a square that is too large is drawn
    again, and after ten times it is the largest one, in the centre. So at a share of 1
    a square image is there as a whole, and another one without its ends, as
    ``RandomResizedCrop`` of the ratio (1, 1) has it. Source: LIFT+,
    https://arxiv.org/abs/2504.13282.

    Args:
        scale: Height and width of the result, or one number for both.
    """

    INTERPOLATION = "bicubic"

    def __init__(self, scale: int | tuple[int, int]) -> None:
        super().__init__(scale, aspect_ratio_range=(1.0, 1.0))
        # Workers that live on see the next epoch only in shared memory.
        least = torch.tensor(self.crop_ratio_range[0], dtype=torch.float64)
        self._least_share = least.share_memory_()

    @property
    def least_share(self) -> float:
        """The smallest share of an image's area that a crop may have."""
        return self._least_share.item()

    def set_least_share(self, share: float) -> None:
        """Set it for all processes that read images."""
        self._least_share.fill_(share)

    def transform(self, results: dict) -> dict:
        """Read the image, unless there is ``img``; set ``img`` (H, W, 3) uint8 BGR."""
        self.crop_ratio_range = (self.least_share, 1.0)
        return super().transform(results)
