"""Image files: read safely, and decoded rightly or not at all."""

import os
import stat
import warnings
from io import BytesIO

import numpy as np
from mmengine import fileio
from PIL import Image, ImageOps

# Pillow can do more. Some formats start other programs (EPS runs Ghostscript), and so
# code that is in the file.
Image.init()
FORMATS = tuple(
    name
    for name in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
    if name in Image.OPEN  # builds of Pillow differ
)
# What this many pixels take, a quarter of a gibibyte, each worker can spare. Pillow
# itself warns from here on, and refuses twice as many.
MAX_PIXELS = 89_478_485
MAX_BYTES = 2**30
CANVAS = (124, 117, 104)  # what mmcv puts behind transparent grey images


class UnreadableImageError(ValueError):
    """An image cannot be read; the message, of one line, names it."""


def read_content(path: str) -> bytes:
    """Read a file that should be an image.

    Args:
        path: Path or URL of the file.

    Returns:
        Its content.

    Raises:
        OSError: If it is missing, no file, or too large for an image.
        ValueError: If there can be no file of that name.
    """
    if "://" in path:
        return fileio.get(path)
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(f"Is a directory: '{path}'")
    if not stat.S_ISREG(status.st_mode):  # a pipe could be waited for without end
        raise OSError(f"Is no regular file: '{path}'")
    if status.st_size > MAX_BYTES:
        raise OSError(f"Has {status.st_size:,} bytes, at most {MAX_BYTES:,} are read")
    with open(path, "rb") as file:
        return file.read()


def decode_image(content: bytes) -> Image.Image:
    """Decode an image; of an animated one the first frame.

    Args:
        content: Content of the file.

    Returns:
        The image in RGB, turned upright. 16-bit values are scaled to 8 bit.

    Raises:
        ValueError: If the pixels are too many, or of a kind that has no one meaning.
        Exception: Of any kind that Pillow raises for a broken file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd but readable files
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise ValueError(
                    f"it has {width:,} x {height:,} pixels, at most {MAX_PIXELS:,} are "
                    "decoded: make it smaller"
                )
            image.load()
            return _to_rgb(ImageOps.exif_transpose(image))


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "F":
        raise ValueError("its pixels are of floating point, whose white is unknown")
    if image.mode.startswith("I"):
        return _to_8_bit(image).convert("RGB")
    if image.mode == "LA":
        background = Image.new("RGB", image.size, CANVAS)
        background.paste(image.convert("RGB"), mask=image.getchannel("A"))
        return background
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_8_bit(image: Image.Image) -> Image.Image:
    """Scale 16-bit values, which Pillow would cut off at 255."""
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 0xFFFF:
        raise ValueError("its pixels have more than 16 bits, whose white is unknown")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))
