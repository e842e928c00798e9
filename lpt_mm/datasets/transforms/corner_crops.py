"""Several crops of one image, for test-time ensembling."""

import numpy as np
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS

from lpt_mm.utils.errors import UserError, require_choice

CHOICES = (1, 5, 10)


@TRANSFORMS.register_module()
class CornerCrops(BaseTransform):
    """Cut the four corners and the centre out of an image, as torchvision's FiveCrop.

    Args:
        crop_size: Height and width of a crop.
        num_crops: 5: top left, top right, bottom left, bottom right, centre; 10: then
            those of the mirrored image; 1: the centre alone.
    """

    def __init__(self, crop_size: int, num_crops: int = 5) -> None:
        require_choice("num_crops", num_crops, CHOICES)
        self.crop_size = crop_size
        self.num_crops = num_crops

    def transform(self, results: dict) -> dict:
        """Set ``img`` (number of crops, C, crop_size, crop_size) uint8.

        Args:
            results: The sample; its ``img`` is (H, W, C) or (H, W).

        Returns:
            The sample.

        Raises:
            UserError: If the image is smaller than a crop.
        """
        image = results["img"]
        if min(image.shape[:2]) < self.crop_size:
            raise UserError(
                f"crops of {self.crop_size} pixels cannot be cut out of an image of "
                "{} x {}".format(*image.shape[:2])
            )
        crops = self._cut(image.reshape(*image.shape[:2], -1))
        # Of four dimensions, which PackInputs leaves as they are.
        results["img"] = np.stack(crops).transpose(0, 3, 1, 2)
        results["img_shape"] = (self.crop_size, self.crop_size)
        return results

    def _cut(self, image: np.ndarray) -> list[np.ndarray]:
        size = self.crop_size
        bottom, right = image.shape[0] - size, image.shape[1] - size
        centre = (round(bottom / 2), round(right / 2))
        corners = [(0, 0), (0, right), (bottom, 0), (bottom, right)]
        places = [centre] if self.num_crops == 1 else [*corners, centre]
        images = (image, image[:, ::-1]) if self.num_crops == 10 else (image,)
        return [
            view[top : top + size, left : left + size]
            for view in images
            for top, left in places
        ]
