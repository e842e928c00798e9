"""Characters drawn from fonts: the pre-training data of the embedded backbone."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import matplotlib
import numpy as np
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from lpt_mm.utils.errors import UserError

# Digits and letters, less the lower-case letters that are small copies of their
# upper-case form and so cannot be told apart once scaled to one size.
CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghijlmnqrty"
STYLES = {  # of the families of fonts
    "DejaVuSans": ("", "-Bold", "-BoldOblique", "-Oblique"),
    "DejaVuSansMono": ("", "-Bold", "-BoldOblique", "-Oblique"),
    "DejaVuSerif": ("", "-Bold", "-BoldItalic", "-Italic"),
    "STIXGeneral": ("", "Bol", "BolIta", "Italic"),
    "cm": ("b10", "r10", "ss10", "tt10"),
}
FONTS = [family + style for family, styles in STYLES.items() for style in styles]
FONT_SIZE = 40  # pixels per em of the drawing that is then warped
CANVAS = 32  # side in pixels of the warped drawing, before the reduction


@DATASETS.register_module()
class RenderedGlyphs(BaseDataset):
    """Grey images of printed characters, warped and reduced to low resolution.

    Every image is a random character in a random font of those that matplotlib
    ships, with random stroke width, affine map, smooth deformation and blur. The
    images are a function of ``seed`` alone.

    Args:
        num_images: How many images to draw.
        image_size: Side of the images in pixels; it must divide 32.
        seed: Seed of the drawing; another one gives another set of images.
        pipeline: Transforms of a sample.
    """

    METAINFO: ClassVar[dict] = {"classes": tuple(CHARACTERS)}

    def __init__(
        self,
        num_images: int,
        image_size: int = 8,
        seed: int = 0,
        pipeline: Sequence = (),
    ) -> None:
        if CANVAS % image_size:
            raise UserError(f"image_size must divide {CANVAS}, got {image_size}")
        self.num_images = num_images
        self.image_size = image_size
        self.seed = seed
        super().__init__(ann_file="", pipeline=pipeline)

    def load_data_list(self) -> list[dict]:
        """Draw all images: ``img`` (image_size, image_size) uint8 and ``gt_label``."""
        rng = np.random.default_rng(self.seed)
        folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
        paths = (folder / f"{name}.ttf" for name in FONTS)
        fonts = [ImageFont.truetype(path, FONT_SIZE) for path in paths]
        labels = rng.integers(len(CHARACTERS), size=self.num_images)
        images = (
            _render(CHARACTERS[label], fonts[rng.integers(len(fonts))], rng)
            for label in labels
        )
        factor = CANVAS // self.image_size
        return [
            {"img": _reduce(image, factor), "gt_label": int(label)}
            for image, label in zip(images, labels, strict=True)
        ]


def _render(
    character: str, font: ImageFont.FreeTypeFont, rng: np.random.Generator
) -> np.ndarray:
    """Draw one character, warp and blur it: (CANVAS, CANVAS) float in [0, 1]."""
    stroke = int(rng.integers(0, 3))
    box = font.getbbox(character, stroke_width=stroke)
    drawing = Image.new("L", (box[2] - box[0], box[3] - box[1]))
    ImageDraw.Draw(drawing).text(
        (-box[0], -box[1]), character, font=font, fill=255, stroke_width=stroke
    )
    ink = np.asarray(drawing, dtype=np.float32) / 255
    warped = ndimage.map_coordinates(ink, _warp(ink.shape, rng), order=1)
    blurred = ndimage.gaussian_filter(warped, rng.uniform(0.3, 1.5))
    return np.clip(blurred * rng.uniform(1.0, 1.6), 0, 1)


def _warp(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Sample where in the drawing each canvas pixel lies: (2, CANVAS, CANVAS).

    The character is fitted into the canvas, a little narrower at random, then
    rotated, sheared, shifted and smoothly deformed.
    """
    height, width = shape
    grid = np.stack(np.mgrid[:CANVAS, :CANVAS]).astype(np.float64)
    grid += rng.uniform(-2, 2, size=(2, 1, 1)) - (CANVAS - 1) / 2
    coarse = rng.normal(0, rng.uniform(0, 1.6), size=(2, 4, 4))
    grid += np.stack([ndimage.zoom(field, CANVAS / 4, order=3) for field in coarse])
    angle, shear = rng.uniform(-0.25, 0.25), rng.uniform(-0.3, 0.3)
    rotation = np.array(
        [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    )
    linear = rotation @ np.array([[1, 0], [shear, 1]])
    fit = height / (CANVAS * rng.uniform(0.8, 1.0))
    narrow = max(fit * rng.uniform(0.7, 1.2), width / CANVAS)
    linear = np.diag([fit, narrow]) @ linear
    centre = np.array([(height - 1) / 2, (width - 1) / 2])
    return np.tensordot(linear, grid, axes=1) + centre[:, None, None]


def _reduce(image: np.ndarray, factor: int) -> np.ndarray:
    """Average ``factor`` x ``factor`` blocks: (H, W) in [0, 1] to uint8."""
    side = image.shape[0] // factor
    blocks = image.reshape(side, factor, side, factor).mean(axis=(1, 3))
    return np.round(blocks * 255).astype(np.uint8)
