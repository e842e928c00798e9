"""A picture of images that look like a training image, each beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from lpt_mm.datasets.transforms.image_file import decode_image, read_content
from lpt_mm.utils.pictures import save_picture
from lpt_mm.utils.text import for_picture, printable

PAIRS_IN_ROW = 4
SIDE = 128  # pixels of the longer side
LONGEST = 20  # characters of a caption

Pair = tuple[dict, dict]


def draw_pairs(pairs: Mapping[str, Sequence[Pair]], path: str | Path) -> None:
    """Draw pairs of a data set's images by split, in the place of an older PNG."""
    every = [(split, pair) for split, some in pairs.items() for pair in some]
    rows = -(-len(every) // PAIRS_IN_ROW)
    size = (3.2 * PAIRS_IN_ROW, 1.9 * rows + 0.6)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle("Images that look like one of train (right), of the same class")
    grid = figure.subplots(rows, 2 * PAIRS_IN_ROW, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    places = grid.reshape(-1, 2)
    for place, (split, pair) in zip(places, every, strict=False):
        for axes, name, info in zip(place, (split, "train"), pair, strict=True):
            _draw(axes, name, info)
    save_picture(figure, path, overwrite=True)


def _draw(axes: Axes, split: str, info: Mapping) -> None:
    name = printable(PurePath(str(info.get("img_path") or "")).name)
    caption = f"{split}: {name[-LONGEST:]}" if name else split
    axes.set_title(for_picture(caption), fontsize=7)
    axes.imshow(np.asarray(_read(info)))


def _read(info: Mapping) -> Image.Image:
    """Read an image as the check did, which has found that it can be read."""
    if info.get("img") is not None:
        image = Image.fromarray(np.asarray(info["img"])).convert("RGB")
    else:
        image = decode_image(read_content(str(info["img_path"])))
    image.thumbnail((SIDE, SIDE))
    return image
