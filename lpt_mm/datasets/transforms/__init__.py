"""Transforms of images."""

from lpt_mm.datasets.transforms.load_image import LoadImage

__all__ = ["LoadImage"]
