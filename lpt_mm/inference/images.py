"""Images of any kind that the language has, as a model's transforms expect them."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

import numpy as np
from mmcv.transforms import Compose
from mmengine.registry import DefaultScope
from mmpretrain.registry import TRANSFORMS
from PIL import Image
from torch import Tensor

from lpt_mm.datasets.transforms.image_file import UnreadableImageError, upright_rgb
from lpt_mm.datasets.transforms.load_image import describe, read_image
from lpt_mm.utils.errors import UserError


@dataclass(frozen=True)
class EncodedImage:
    """The content of an image file that lies in no folder, such as one in an archive.

    Args:
        name: What it is called.
        content: What is in it.
    """

    name: str
    content: bytes


@dataclass(frozen=True)
class DecodedImage:
    """An image that has been read, for models whose transforms differ.

    Args:
        name: The file that it is of, if it is.
        rgb: The image in RGB, upright.
    """

    name: str | None
    rgb: Image.Image


# A path, an image of Pillow, or an array (H, W, 3) or (H, W) uint8 in RGB.
OfFile: TypeAlias = str | os.PathLike | EncodedImage | DecodedImage
ImageLike: TypeAlias = OfFile | Image.Image | np.ndarray
LOADER = "LoadImage"
# Longer than so many times its width, an image whose shape is kept gets too large.
MOST_STRETCHED = 100
# An image that Pillow has opened, but not yet read, is no matter for two threads.
_PILLOW = Lock()


def each_image(images: ImageLike | Iterable[ImageLike]) -> Iterator[ImageLike]:
    """Go through images, of which there may be one alone.

    Args:
        images: An image, or any number of them: a list, a generator, or an array
            (n, H, W, 3).

    Yields:
        The images, one by one.
    """
    is_array = isinstance(images, np.ndarray)
    if isinstance(images, OfFile | Image.Image) or (is_array and images.ndim < 4):
        yield images
    else:
        yield from images


def to_rgb(image: ImageLike) -> Image.Image:
    """Read an image as training reads it.

    Args:
        image: The image.

    Returns:
        The image in RGB, upright.

    Raises:
        UnreadableImageError: If the file cannot be read, or the array is no image.
        TypeError: If it is nothing of the kind.
    """
    if isinstance(image, str | os.PathLike):
        return read_image(os.fspath(image))
    if isinstance(image, EncodedImage):
        return read_image(image.name, image.content)
    if isinstance(image, DecodedImage):
        return image.rgb
    if isinstance(image, Image.Image):
        try:
            with _PILLOW:
                return upright_rgb(image)
        except Exception as error:  # of a file that is decoded only now
            raise UnreadableImageError(
                f"cannot read the image ({describe(error)})"
            ) from error
    if not isinstance(image, np.ndarray):
        raise TypeError(
            "an image is a path, an image of Pillow or an array, got "
            f"{type(image).__name__}"
        )
    is_picture = image.ndim == 2 or image.shape[2:] == (3,)
    if image.dtype != np.uint8 or image.size == 0 or not is_picture:
        raise UnreadableImageError(
            "an array must be (H, W, 3) or (H, W), of uint8 in RGB, got "
            f"{image.shape} of {image.dtype}"
        )
    return Image.fromarray(image).convert("RGB")


def name_of(image: ImageLike) -> str | None:
    """Name an image as predictions do: its file, or its name in an archive."""
    if isinstance(image, EncodedImage | DecodedImage):
        return image.name
    return os.fspath(image) if isinstance(image, str | os.PathLike) else None


def title_of(name: str | None) -> str:
    """Call an image in a sentence, by its name if it has one."""
    return "the image" if name is None else f"the image {name!r}"


class Preparation:
    """The transforms of a test, up to the tensor that goes into a batch.

    Args:
        pipeline: Configs of the transforms.
        data_preprocessor: Config of the data preprocessor, which tells the order of the
            channels where images do not come out of files.
        is_grey: Whether the model takes one channel.

    Raises:
        UserError: If a transform cannot be built.
    """

    def __init__(
        self, pipeline: Sequence[Mapping], data_preprocessor: Mapping, is_grey: bool
    ) -> None:
        loaders = [t for t in pipeline if t["type"] == LOADER]
        self._is_grey = is_grey or any(
            t.get("color_type") == "grayscale" for t in loaders
        )
        self._is_bgr = bool(loaders) or data_preprocessor.get("to_rgb", False)
        try:
            with DefaultScope.overwrite_default_scope("mmpretrain"):
                transforms = [TRANSFORMS.build(_tuples(t)) for t in pipeline]
        except Exception as error:  # arguments that come out of a file
            raise UserError(
                f"the transforms of the test cannot be built ({describe(error)})"
            ) from error
        self._transform = Compose(transforms)
        self._keeps_shape = any(
            t["type"] == "ResizeEdge" or t.get("keep_ratio") for t in pipeline
        )

    def __call__(self, image: ImageLike) -> Tensor:
        """Prepare an image.

        Args:
            image: The image.

        Returns:
            (C, H, W) uint8, as the data preprocessor takes it.

        Raises:
            UnreadableImageError: If it cannot be read, or not be transformed.
        """
        rgb = to_rgb(image)
        if self._keeps_shape and max(rgb.size) > MOST_STRETCHED * min(rgb.size):
            raise UnreadableImageError(
                "{} is {} x {} pixels wide and high, and its longer side can be at "
                "most {} times the other: crop it".format(
                    title_of(name_of(image)), *rgb.size, MOST_STRETCHED
                )
            )
        pixels = np.array(rgb.convert("L") if self._is_grey else rgb)
        if self._is_bgr and not self._is_grey:
            pixels = pixels[..., ::-1]
        shape = pixels.shape[:2]
        sample = dict(img=pixels, img_shape=shape, ori_shape=shape)
        try:
            return self._transform(sample)["inputs"]
        except Exception as error:  # of OpenCV, Pillow or memory, of almost any type
            raise UnreadableImageError(
                f"{title_of(name_of(image))} cannot be transformed ({describe(error)})"
            ) from error


def _tuples(value: object) -> object:
    """Turn lists of numbers into tuples, which JSON does not have."""
    if isinstance(value, Mapping):
        return {key: _tuples(item) for key, item in value.items()}
    if isinstance(value, list):
        is_size = all(isinstance(item, int | float) for item in value)
        return (tuple if is_size else list)(map(_tuples, value))
    return value
