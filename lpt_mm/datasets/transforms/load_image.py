"""Reading of an image file."""

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmpretrain.registry import TRANSFORMS
from PIL import Image

from lpt_mm.datasets.transforms.image_file import (
    UnreadableImageError,
    decode_image,
    read_content,
)
from lpt_mm.utils.text import printable


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """``LoadImageFromFile`` by Pillow, which names the file that it cannot read.

    An image that is there already, as arrays are in mmpretrain's inferencers, is taken
    as it is.

    Args:
        color_type: ``'color'`` or ``'grayscale'``.
    """

    def __init__(self, color_type: str = "color") -> None:
        super().__init__(imdecode_backend="pillow", color_type=color_type)

    def transform(self, results: dict) -> dict:
        """Read the image of ``results['img_path']``, unless there is ``img``.

        Args:
            results: The sample; ``img`` is (H, W, 3) uint8 BGR, and becomes (H, W) for
                ``'grayscale'``.

        Returns:
            The sample.

        Raises:
            UnreadableImageError: If the file is missing, empty, of another kind,
                damaged or too large.
        """
        if "img" not in results:
            results["img"] = np.array(read_image(results["img_path"]))[..., ::-1]
        image = results["img"]
        if self.color_type == "grayscale" and image.ndim == 3:
            grey = Image.fromarray(np.ascontiguousarray(image[..., ::-1])).convert("L")
            results["img"] = image = np.array(grey)
        results["img_shape"] = results["ori_shape"] = image.shape[:2]
        return results


def read_image(path: str, content: bytes | None = None) -> Image.Image:
    """Read an image file.

    Args:
        path: Path of the file, or what to call the image.
        content: What is in the file, if it was read already.

    Returns:
        The image in RGB, upright.

    Raises:
        UnreadableImageError: If it cannot be read; the message names the file.
    """
    try:
        return decode_image(read_content(path) if content is None else content)
    except Exception as error:  # decoders raise almost any type
        raise UnreadableImageError(
            f"cannot read the image {path!r} ({describe(error)}); "
            "replace the file or take it off the list"
        ) from error


def describe(error: Exception) -> str:
    """Give kind and message of what a decoder raised, in one line."""
    return printable(f"{type(error).__name__}: {error}")
