"""Transforms of images."""

from lpt_mm.datasets.transforms.corner_crops import CornerCrops
from lpt_mm.datasets.transforms.gaussian_noise import GaussianNoise
from lpt_mm.datasets.transforms.growing_square_crop import GrowingSquareCrop
from lpt_mm.datasets.transforms.image_file import UnreadableImageError
from lpt_mm.datasets.transforms.load_image import LoadImage
from lpt_mm.datasets.transforms.load_random_resized_crop import LoadRandomResizedCrop

__all__ = [
    "CornerCrops",
    "GaussianNoise",
    "GrowingSquareCrop",
    "LoadImage",
    "LoadRandomResizedCrop",
    "UnreadableImageError",
]
