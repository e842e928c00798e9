"""Can an image be read, and which one is it?"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from lpt_mm.datasets.transforms.image_file import decode_image, read_content

DIGEST_SIZE = 16  # bytes
NO_DIGEST = bytes(DIGEST_SIZE)

FAULTS = ("missing", "empty", "truncated", "unreadable")
MISSING, EMPTY, TRUNCATED, UNREADABLE = FAULTS
SKIPPED = "not a local file"


class ImageCheck(NamedTuple):
    """What became of an image."""

    digest: bytes  # of the content; zeros if there is none
    fault: str = ""  # of FAULTS, SKIPPED, or none for a good image
    reason: str = ""  # what the decoder says


def check_image(info: Mapping) -> ImageCheck:
    """Read and decode the file ``img_path``, once, or take the array ``img`` as it is.

    An image without either is skipped.
    """
    if info.get("img") is not None:
        return ImageCheck(_digest_array(np.asarray(info["img"])))
    if info.get("img_path") is None:
        return ImageCheck(NO_DIGEST, SKIPPED)
    path = str(info["img_path"])
    try:
        content = read_content(path)
    except (FileNotFoundError, NotADirectoryError):
        return ImageCheck(NO_DIGEST, MISSING)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition(": '")[0]
        return ImageCheck(NO_DIGEST, UNREADABLE, reason)
    if not content:
        return ImageCheck(NO_DIGEST, EMPTY)
    try:
        decode_image(content)
    except Exception as error:  # PIL's plugins raise whatever a broken file leads to
        reason = str(error) or type(error).__name__
        if "truncated" in reason.lower():
            return ImageCheck(NO_DIGEST, TRUNCATED)
        return ImageCheck(NO_DIGEST, UNREADABLE, reason)
    return ImageCheck(blake2b(content, digest_size=DIGEST_SIZE).digest())


def _digest_array(array: np.ndarray) -> bytes:
    content = blake2b(f"{array.dtype} {array.shape}".encode(), digest_size=DIGEST_SIZE)
    content.update(np.ascontiguousarray(array))
    return content.digest()
