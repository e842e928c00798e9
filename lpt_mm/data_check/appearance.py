"""What an image looks like, in a few bytes that can be compared with any other's."""

import imagehash
import numpy as np
from PIL import Image

HASH_SIDE = 16  # bits; with 8, the default, small objects on white look all the same
HASH_BYTES = HASH_SIDE**2 // 8
SIDE = 16  # pixels of a grey picture of the whole
LARGEST = 256  # pixels that a hash needs, of photos that have thousands
FLAT = 2.0  # grey levels that a picture must vary by for its hash to be no noise
NO_APPEARANCE = bytes(HASH_BYTES + SIDE**2)


def appearance(image: Image.Image) -> bytes:
    """Give the perceptual hash of an image (phash), and a small grey picture of it.

    Of an image of one colour, or of fewer pixels a side than the hash has, both are
    zeros: those that look like it are no wonder.
    """
    if min(image.size) < HASH_SIDE:
        return NO_APPEARANCE
    grey = image.convert("L")
    grey.thumbnail((LARGEST, LARGEST), Image.Resampling.BOX)
    picture = np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.BOX))
    if picture.std() < FLAT:
        return NO_APPEARANCE
    bits = imagehash.phash(grey, hash_size=HASH_SIDE).hash
    return np.packbits(bits).tobytes() + picture.tobytes()


def appearance_of_array(array: np.ndarray) -> bytes:
    """Do the same for an array, if it is a grey or a coloured picture of 8 bits."""
    is_picture = array.ndim == 2 or (array.ndim == 3 and array.shape[2] == 3)
    if array.dtype != np.uint8 or not array.size or not is_picture:
        return NO_APPEARANCE
    return appearance(Image.fromarray(array))
