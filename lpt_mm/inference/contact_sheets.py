"""Contact sheets of predicted images: of each class, and of the least certain."""

import heapq
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from lpt_mm.datasets.transforms.image_file import UnreadableImageError
from lpt_mm.inference.images import ImageLike, name_of, to_rgb
from lpt_mm.inference.prediction import Prediction
from lpt_mm.inference.sources import ImageSources
from lpt_mm.utils.pictures import save_picture
from lpt_mm.utils.text import for_picture

COLUMNS, ROWS = 6, 4
SHOWN = COLUMNS * ROWS
MOST_CLASSES = 200  # of which there are sheets, those with the most images
LONGEST_TITLE, LONGEST = 60, 18  # characters of a page's title, and of a caption
SIDE = 128  # pixels of the longer side
LEAST_CERTAIN = "least_certain"


@dataclass
class Sheet:
    """Which images a sheet shows, and how many there are of their kind."""

    title: str
    is_certain_first: bool = True
    total: int = 0
    shown: list[tuple[float, int, Prediction]] = field(default_factory=list)

    def add(self, rank: float, index: int, prediction: Prediction) -> None:
        """Count an image, and show it if its rank is among the highest."""
        self.total += 1
        entry = (rank, -index, prediction)
        if len(self.shown) < SHOWN:
            heapq.heappush(self.shown, entry)
        else:
            heapq.heappushpop(self.shown, entry)


def draw_contact_sheets(
    folder: str | os.PathLike,
    sources: ImageSources,
    predictions: Iterable[Prediction],
    overwrite: bool = False,
) -> None:
    """Draw ``least_certain.png`` and a sheet of each class, up to 24 images each.

    Args:
        folder: Folder of the pictures.
        sources: The images, which are gone through once more.
        predictions: What was found, of which few are held.
        overwrite: Whether they may take the place of older ones.
    """
    sheets = _choose(predictions)
    wanted = {x.path for sheet in sheets.values() for *_, x in sheet.shown}
    thumbnails = {
        name: thumbnail(image)
        for image in sources
        if (name := name_of(image)) in wanted
    }
    for name, sheet in sheets.items():
        path = Path(folder) / f"{name}.png"
        save_picture(_draw(sheet, thumbnails), path, overwrite=overwrite)


def _choose(predictions: Iterable[Prediction]) -> dict[str, Sheet]:
    """Choose the images of each sheet: of a class at random, in the order of scores."""
    rng = np.random.default_rng(0)
    uncertain = Sheet("the least certain", is_certain_first=False)
    by_class: dict[int, Sheet] = {}
    for index, prediction in enumerate(predictions):
        if prediction.label is None:
            continue
        uncertain.add(-prediction.score, index, prediction)
        sheet = by_class.setdefault(prediction.label, Sheet(prediction.name))
        sheet.add(rng.random(), index, prediction)
    totals = Counter({label: sheet.total for label, sheet in by_class.items()})
    kept = sorted(label for label, _ in totals.most_common(MOST_CLASSES))
    return {LEAST_CERTAIN: uncertain} | {
        _file_name(label, by_class[label].title): by_class[label] for label in kept
    }


def _file_name(label: int, name: str) -> str:
    return f"{label:04d}_{re.sub(r'[^A-Za-z0-9-]+', '_', name)[:60]}"


def thumbnail(image: ImageLike) -> Image.Image | None:
    """Read an image, and make it small; None if it cannot be read."""
    try:
        picture = to_rgb(image)
    except UnreadableImageError:  # gone since
        return None
    picture.thumbnail((SIDE, SIDE))
    return picture


def _draw(sheet: Sheet, thumbnails: dict[str, Image.Image | None]) -> Figure:
    shown = [prediction for *_, prediction in sheet.shown]
    shown.sort(key=lambda x: x.score, reverse=sheet.is_certain_first)
    shown_of = f": {len(shown)} of {sheet.total:,} images"
    return draw_grid(
        for_picture(sheet.title, LONGEST_TITLE) + shown_of,
        [thumbnails.get(x.path) for x in shown],
        [f"{for_picture(x.name, LONGEST)}\n{x.score:.2f}" for x in shown],
    )


def draw_grid(
    title: str, pictures: Sequence[Image.Image | None], captions: Sequence[str]
) -> Figure:
    """Draw pictures in rows of six, each under its caption.

    Args:
        title: Of the page, safe for pictures.
        pictures: What is drawn; None leaves a place empty.
        captions: As many, safe for pictures.

    Returns:
        The page.
    """
    rows = max(1, -(-len(pictures) // COLUMNS))
    lines = max((text.count("\n") for text in captions), default=0) - 1
    size = (1.6 * COLUMNS, (1.9 + 0.13 * lines) * rows + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title)
    for axes in (grid := figure.subplots(rows, COLUMNS, squeeze=False)).flat:
        axes.axis("off")
    for axes, picture, caption in zip(grid.flat, pictures, captions, strict=False):
        if picture is not None:
            axes.imshow(np.asarray(picture))
        axes.set_title(caption, fontsize=7)
    return figure
