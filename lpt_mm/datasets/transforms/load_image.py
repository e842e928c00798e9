"""Reading of an image file."""

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmpretrain.registry import TRANSFORMS

from lpt_mm.datasets.transforms.image_file import (
    UnreadableImageError,
    decode_image,
    read_content,
)
from lpt_mm.utils.text import printable


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """``LoadImageFromFile`` by Pillow, which names the file that it cannot read.

    Args:
        color_type: ``'color'`` or ``'grayscale'``.
    """

    def __init__(self, color_type: str = "color") -> None:
        super().__init__(imdecode_backend="pillow", color_type=color_type)

    def transform(self, results: dict) -> dict:
        """Read the image of ``results['img_path']``.

        Args:
            results: The sample; ``img`` (H, W, 3) uint8 BGR is added, or (H, W) for
                ``'grayscale'``.

        Returns:
            The sample.

        Raises:
            UnreadableImageError: If the file is missing, empty, of another kind,
                damaged or too large.
        """
        path = results["img_path"]
        try:
            image = decode_image(read_content(path))
        except Exception as error:  # decoders raise almost any type
            raise UnreadableImageError(
                f"cannot read the image {path!r} ({describe(error)}); "
                "replace the file or take it off the list"
            ) from error
        if self.color_type == "grayscale":
            results["img"] = np.array(image.convert("L"))
        else:
            results["img"] = np.array(image)[..., ::-1]
        results["img_shape"] = results["ori_shape"] = results["img"].shape[:2]
        return results


def describe(error: Exception) -> str:
    """Give kind and message of what a decoder raised, in one line."""
    return printable(f"{type(error).__name__}: {error}")
