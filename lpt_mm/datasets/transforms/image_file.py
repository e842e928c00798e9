"""Image files: read safely, and decoded rightly or not at all."""

import os
import stat
import warnings
from io import BytesIO

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable

# Pillow can do more. Some formats start other programs (EPS runs Ghostscript), and so
# code that is in the file.
Image.init()
FORMATS = tuple(
    name
    for name in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "JPEG2000", "AVIF")
    if name in Image.OPEN  # builds of Pillow differ
)
EXTENSIONS = (
    *(".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
    *(".pbm", ".pgm", ".ppm", ".jp2", ".avif"),
)
# From here on Pillow warns. To read so many, and to crop them, takes a gibibyte or two.
MAX_PIXELS = 89_478_485
MAX_BYTES = 2**30
BLACK_IS_ZERO = 1  # of the ways in which a TIFF may count its greys
CANVAS = (124, 117, 104)  # what mmcv puts behind transparent grey images


class UnreadableImageError(UserError):
    """An image cannot be read; the message, of one line, names it."""


def is_url(path: str) -> bool:
    """Tell whether mmengine would fetch a file, over the network or from a storage."""
    return "://" in path


def read_content(path: str) -> bytes:
    """Read a file that should be an image, unless it is too large for one."""
    if is_url(path):
        raise UserError("Is a URL, and only local files are read")
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(f"Is a directory: '{printable(path)}'")
    if not stat.S_ISREG(status.st_mode):  # a pipe could be waited for without end
        raise OSError(f"Is no regular file: '{printable(path)}'")
    if status.st_size > MAX_BYTES:
        raise OSError(f"Has {status.st_size:,} bytes, at most {MAX_BYTES:,} are read")
    with open(path, "rb") as file:
        return file.read()


def decode_image(content: bytes) -> Image.Image:
    """Decode an image to RGB and turn it upright; of an animated one the first frame.

    16-bit values are scaled to 8 bit. Pixels that are too many, or of a kind that has
    no one meaning, are a ``UserError``; Pillow raises anything for a broken file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd but readable files
        with _open(content) as image:
            _require_known_white(image)
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            return _to_rgb(image)


def upright_rgb(image: Image.Image) -> Image.Image:
    """Turn an image of somebody else's as :func:`decode_image` does.

    Args:
        image: An image as Pillow has opened it; it stays as it is.

    Returns:
        The image in RGB, turned upright.

    Raises:
        UserError: If its pixels are of a kind that has no one meaning.
        Exception: Of any kind that Pillow raises for a broken file.
    """
    _require_known_white(image)
    return _to_rgb(ImageOps.exif_transpose(image))


def _open(content: bytes) -> Image.Image:
    """Read the header of an image."""
    try:
        image = Image.open(BytesIO(content), formats=FORMATS)
        if image.width * image.height > MAX_PIXELS:
            raise Image.DecompressionBombError
    except UnidentifiedImageError as error:
        raise UnidentifiedImageError("no image format that is known") from error
    except Image.DecompressionBombError as error:  # Pillow's own limit is twice ours
        raise UserError(
            f"it has more than {MAX_PIXELS:,} pixels: make it smaller"
        ) from error
    return image


def _require_known_white(image: Image.Image) -> None:
    """Refuse pixels that Pillow hands out as they are, whatever they mean."""
    if image.mode == "F":
        raise UserError("its pixels are of floating point, whose white is unknown")
    if image.format == "TIFF" and image.mode.startswith("I"):
        tags, names = image.tag_v2, ExifTags.Base
        bits = tags.get(names.BitsPerSample), tags.get(names.PhotometricInterpretation)
        if image.mode == "I" or bits != ((16,), BLACK_IS_ZERO):
            raise UserError(
                "its grey values are not 16 bits from black to white: save it as PNG"
            )


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # of 16 bits, which Pillow would cut off at 255
        values = np.asarray(image).astype(np.uint32)
        values += 128  # in place: large images take enough memory as it is
        values //= 257
        return Image.fromarray(values.astype(np.uint8)).convert("RGB")
    if image.mode == "LA":
        background = Image.new("RGB", image.size, CANVAS)
        background.paste(image.convert("RGB"), mask=image.getchannel("A"))
        return background
    return image if image.mode == "RGB" else image.convert("RGB")
