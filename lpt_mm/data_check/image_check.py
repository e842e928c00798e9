"""Can an image be read, and which one is it?"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

import numpy as np

from lpt_mm.data_check.appearance import NO_APPEARANCE, appearance, appearance_of_array
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
    appearance: bytes = NO_APPEARANCE


def check_image(info: Mapping) -> ImageCheck:
    """Read and decode ``img_path``, once, or take the array ``img``; else skip it."""
    if info.get("img") is not None:
        array = np.asarray(info["img"])
        head = f"{array.dtype} {array.shape}".encode()
        digest = _digest(head + array.tobytes())
        return ImageCheck(digest, appearance=appearance_of_array(array))
    if info.get("img_path") is None:
        return ImageCheck(NO_DIGEST, SKIPPED)
    try:
        content = read_content(str(info["img_path"]))
    except (FileNotFoundError, NotADirectoryError):
        return ImageCheck(NO_DIGEST, MISSING)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition(": '")[0]
        return ImageCheck(NO_DIGEST, UNREADABLE, reason)
    if not content:
        return ImageCheck(NO_DIGEST, EMPTY)
    try:
        look = appearance(decode_image(content))
    except Exception as error:  # PIL's plugins raise whatever a broken file leads to
        reason = str(error) or type(error).__name__
        if "truncated" in reason.lower():
            return ImageCheck(NO_DIGEST, TRUNCATED)
        return ImageCheck(NO_DIGEST, UNREADABLE, reason)
    return ImageCheck(_digest(content), appearance=look)


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=DIGEST_SIZE).digest()
