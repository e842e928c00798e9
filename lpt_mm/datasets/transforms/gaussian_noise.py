"""Noise on images, to see what a model bears."""

from zlib import crc32

import numpy as np
from mmcv.transforms import BaseTransform
from mmpretrain.registry import TRANSFORMS

from lpt_mm.utils.errors import UserError


@TRANSFORMS.register_module()
class GaussianNoise(BaseTransform):
    """Add noise of a normal distribution to each value of an image.

    The noise of an image is the same in every test: its seed is the pixels themselves.

    Args:
        std: Standard deviation, of values from 0 to 255.
    """

    def __init__(self, std: float) -> None:
        if not std >= 0:
            raise UserError(f"std of GaussianNoise must be 0 or more, got {std}")
        self.std = std

    def transform(self, results: dict) -> dict:
        """Change ``img`` (H, W) or (H, W, 3) uint8."""
        image = np.ascontiguousarray(results["img"])
        noise = np.random.default_rng(crc32(image)).normal(0, self.std, image.shape)
        results["img"] = (image + noise).round().clip(0, 255).astype(np.uint8)
        return results
