"""Small pictures of the images that a model is given, inside of a page."""

from base64 import b64encode
from io import BytesIO
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

LARGEST = 128  # pixels along the longer side
TINY = 64  # as large or smaller, pixels are shown as they are


class Thumbnail(NamedTuple):
    """A small picture as a data URI, and the file it is of, if it is of one."""

    source: Markup
    width: int
    height: int
    is_tiny: bool
    path: str | None


class Thumbnails:
    """Makes small pictures of the images of a data set.

    Args:
        dataset: The data set, with the transforms of the test.
        swap_channels: Whether images of three channels are in BGR.
    """

    def __init__(self, dataset: Dataset, swap_channels: bool) -> None:
        self.dataset = dataset
        self.swap_channels = swap_channels

    def make(self, index: int) -> Thumbnail:
        """Read an image, as the model is given it, and make it small."""
        sample = self.dataset[int(index)]
        image = self._to_image(sample["inputs"])
        is_tiny = max(image.size) <= TINY
        source = to_uri(image, LARGEST)
        path = sample["data_samples"].get("img_path")
        return Thumbnail(source, image.width, image.height, is_tiny, path)

    def _to_image(self, inputs: Tensor) -> Image.Image:
        """Convert (channels, H, W); of other than three channels, the first one."""
        array = np.asarray(inputs)
        if array.dtype != np.uint8:
            low, high = float(array.min()), float(array.max())
            array = ((array - low) * (255 / max(high - low, 1e-6))).astype(np.uint8)
        if len(array) != 3:
            return Image.fromarray(array[0])
        channels = array[::-1] if self.swap_channels else array
        return Image.fromarray(np.ascontiguousarray(channels.transpose(1, 2, 0)))


def to_uri(image: Image.Image, largest: int) -> Markup:
    """Put a picture of an image, which is made small in place, into a URI.

    Args:
        image: The image.
        largest: Pixels along the longer side, at most.

    Returns:
        The URI: of a tiny image a PNG of its pixels, else a JPEG.
    """
    kind = "png" if max(image.size) <= TINY else "jpeg"
    image.thumbnail((largest, largest))
    content = BytesIO()
    image.save(content, kind, quality=80)  # of a JPEG
    return data_uri(content.getvalue(), kind)


def data_uri(content: bytes, kind: str) -> Markup:
    """Put a picture into a URI; its letters have no meaning in HTML."""
    return Markup(f"data:image/{kind};base64,{b64encode(content).decode()}")
