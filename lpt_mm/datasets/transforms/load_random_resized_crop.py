"""Reading and random resized crop in one step."""

from io import BytesIO

import cv2
import numpy as np
import torch
from mmpretrain.datasets.transforms import RandomResizedCrop
from mmpretrain.registry import TRANSFORMS
from PIL import ExifTags, Image
from torch.nn import functional as F

from lpt_mm.datasets.transforms.image_file import MAX_PIXELS, read_content
from lpt_mm.datasets.transforms.load_image import LoadImage

END_OF_JPEG = b"\xff\xd9"
SIDEWAYS = (5, 6, 7, 8)  # EXIF orientations whose height is the file's width
UPSIDE_DOWN = (3, 4, 7, 8)  # after rows and columns of sideways ones are swapped
MIRRORED = (2, 3, 6, 7)
DECODERS = {  # by the divisor of the size
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


@TRANSFORMS.register_module()
class LoadRandomResizedCrop(RandomResizedCrop):
    """``LoadImage`` and Pillow's bilinear ``RandomResizedCrop``, faster.

    The same random numbers give the same crop. JPEG files are decoded at 1/2, 1/4 or
    1/8 of their size where that leaves the crop at least as large as ``scale``, and
    torch resizes. Files that are not JPEG, or unusual in any way, are read by
    ``LoadImage``; a sample that has its ``img`` already is only cropped.

    Its arguments are ``scale``, ``crop_ratio_range``, ``aspect_ratio_range`` and
    ``max_attempts`` of mmpretrain's ``RandomResizedCrop``.
    """

    INTERPOLATION = "bilinear"

    def __init__(self, *args: object, **kwargs: object) -> None:
        how = dict(interpolation=self.INTERPOLATION, backend="pillow")
        super().__init__(*args, **kwargs, **how)
        self._load_image = LoadImage()

    def transform(self, results: dict) -> dict:
        """Read the image, unless there is ``img``; set ``img`` (H, W, 3) uint8 BGR."""
        jpeg = None if "img" in results else _read_plain_jpeg(results["img_path"])
        crop = None if jpeg is None else self._decode_crop(*jpeg)
        if crop is None:
            if "img" not in results:
                results = self._load_image.transform(results)
            image = results["img"]
            crop = _cut(image, self._draw_crop(*image.shape[:2]))
        results["img"] = _resize(crop, self.scale, self.interpolation)
        results["img_shape"] = results["img"].shape[:2]
        return results

    def _draw_crop(self, height: int, width: int) -> tuple[int, int, int, int]:
        """Draw top, left, height and width of a crop."""
        shape_alone = np.broadcast_to(np.uint8(0), (height, width))
        return self.rand_crop_params(shape_alone)

    def _decode_crop(
        self, content: bytes, orientation: int, height: int, width: int
    ) -> np.ndarray | None:
        """Draw a crop, and decode the image in the smallest size that is enough."""
        top, left, height, width = self._draw_crop(height, width)
        room = min(height / self.scale[0], width / self.scale[1])
        divisor = max((n for n in DECODERS if n <= room), default=1)
        # OpenCV overlooks orientations that Pillow finds, such as those in XMP.
        flags = DECODERS[divisor] | cv2.IMREAD_IGNORE_ORIENTATION
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
        if image is None:
            return None
        # Ends are rounded, not sizes, so that the crop stays where it is.
        bottom, right = round((top + height) / divisor), round((left + width) / divisor)
        top, left = round(top / divisor), round(left / divisor)
        image = _turn_upright(image, orientation)
        return _cut(image, (top, left, bottom - top, right - left))


def _read_plain_jpeg(path: str) -> tuple[bytes, int, int, int] | None:
    """Read content, orientation, height and width of a JPEG, or None of all else."""
    try:
        content = read_content(path)
        image = Image.open(BytesIO(content), formats=["JPEG"])
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # LoadImage says what is wrong
        return None
    whole = content.endswith(END_OF_JPEG)  # OpenCV would fill in what is cut off
    width, height = image.size
    usual = image.mode in ("RGB", "L") and width * height <= MAX_PIXELS
    if image.format != "JPEG" or not usual or not whole:
        return None
    if orientation in SIDEWAYS:
        width, height = height, width
    return content, orientation, height, width


def _turn_upright(image: np.ndarray, orientation: int) -> np.ndarray:
    """Turn an image as its EXIF orientation says."""
    if orientation in SIDEWAYS:
        image = image.swapaxes(0, 1)
    if orientation in UPSIDE_DOWN:
        image = image[::-1]
    return image[:, ::-1] if orientation in MIRRORED else image


def _cut(image: np.ndarray, crop: tuple[int, int, int, int]) -> np.ndarray:
    """Cut a part, given by top, left, height and width, out of an image."""
    top, left, height, width = crop
    return image[top : top + height, left : left + width]


def _resize(image: np.ndarray, scale: tuple[int, int], mode: str) -> np.ndarray:
    """Resize an image (H, W, 3) or (H, W) uint8 as Pillow's filter of a name does."""
    channels = image.shape[2:]
    if min(image.strides) < 0:  # torch has no such views
        image = image.copy()
    image = image.reshape(*image.shape[:2], -1)
    image = torch.from_numpy(image).permute(2, 0, 1)[None]
    image = F.interpolate(image, tuple(scale), mode=mode, antialias=True)
    return image[0].permute(1, 2, 0).numpy().reshape(*scale, *channels)
