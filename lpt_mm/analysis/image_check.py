"""Can an image be read, and which one is it?"""

from collections.abc import Mapping
from hashlib import blake2b
from io import BytesIO
from typing import NamedTuple

import numpy as np
from PIL import Image

DIGEST_SIZE = 16  # bytes
NO_DIGEST = bytes(DIGEST_SIZE)

MISSING, EMPTY, TRUNCATED, UNREADABLE = FAULTS = (
    "missing",
    "empty",
    "truncated",
    "unreadable",
)
SKIPPED = "not a local file"


class ImageCheck(NamedTuple):
    """What became of an image.

    Args:
        digest: 16 bytes that identify the content; zeros if there is none.
        fault: One of ``FAULTS``, ``SKIPPED``, or an empty string for a good image.
        reason: What the decoder says of it.
    """

    digest: bytes
    fault: str = ""
    reason: str = ""


def check_image(info: Mapping) -> ImageCheck:
    """Read and decode an image, once.

    Args:
        info: Annotation of the image, with ``img_path``, or ``img`` (an array, which
            is not decoded).

    Returns:
        The outcome. An ``img_path`` that is a URL is skipped.
    """
    if info.get("img") is not None:
        return ImageCheck(_digest_array(np.asarray(info["img"])))
    path = str(info.get("img_path", "://"))
    if "://" in path:
        return ImageCheck(NO_DIGEST, SKIPPED)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return ImageCheck(NO_DIGEST, MISSING)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return ImageCheck(NO_DIGEST, UNREADABLE, reason)
    if not content:
        return ImageCheck(NO_DIGEST, EMPTY)
    try:
        with Image.open(BytesIO(content)) as image:
            image.convert("RGB")
    except Exception as error:  # PIL's plugins raise whatever a broken file leads to
        return _decoding_fault(error)
    return ImageCheck(blake2b(content, digest_size=DIGEST_SIZE).digest())


def _digest_array(array: np.ndarray) -> bytes:
    content = blake2b(f"{array.dtype} {array.shape}".encode(), digest_size=DIGEST_SIZE)
    content.update(np.ascontiguousarray(array))
    return content.digest()


def _decoding_fault(error: Exception) -> ImageCheck:
    reason = str(error) or type(error).__name__
    if "truncated" in reason.lower():
        return ImageCheck(NO_DIGEST, TRUNCATED)
    if isinstance(error, Image.UnidentifiedImageError):
        reason = "no image format that is known"
    return ImageCheck(NO_DIGEST, UNREADABLE, reason)
