"""Images for a person to look at: a table to correct, and contact sheets."""

import csv
import os
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path, PurePath

from lpt_mm.inference.contact_sheets import SHOWN, draw_grid, thumbnail
from lpt_mm.preparation.corrections import CORRECT_CLASS
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import new_file, new_folder, require_new, require_new_folder
from lpt_mm.utils.pictures import save_picture
from lpt_mm.utils.text import for_picture, for_spreadsheet, printable

MOST_PAGES = 40
LONGEST = 17  # characters of a line of a caption


@dataclass(frozen=True)
class Look:
    """An image to look at, and why.

    Args:
        path: The file.
        given: The class that it is said to be of; '' where that is not known.
        answer: The class that the model takes it for.
        confidence: The probability of the answer.
        shot_group: Of the answer's class, or of the given one where there is one; ''
            where it is not known.
        reason: What its place in the list is for.
        distance: From what it is compared with; None if it is not.
    """

    path: str
    given: str
    answer: str
    confidence: float
    shot_group: str
    reason: str
    distance: float | None = None


COLUMNS = ("rank", *(field.name for field in fields(Look)), CORRECT_CLASS)


def require_new_review(
    out: str | os.PathLike, sheets: str | os.PathLike | None
) -> None:
    """Refuse a table or sheets that could not be written, before the work."""
    if Path(out).suffix != ".csv":
        raise UserError(f"--out is a table: call it NAME.csv, got '{printable(out)}'")
    require_new(out)
    if sheets is not None:
        require_new_folder(sheets)


def require_pictures(paths: Sequence[str], source: str) -> None:
    """Refuse sheets of images that are in no files."""
    if not any(map(os.path.isfile, paths)):
        raise UserError(
            f"none of the images of {source} is a file that is there (paths are as "
            "they were when it was computed): run this from the same folder, or leave "
            "out --sheets"
        )


def write_review(
    looks: Sequence[Look],
    title: str,
    out: str | os.PathLike,
    sheets: str | os.PathLike | None,
) -> None:
    """Write the table, and the sheets of the first pages.

    Args:
        looks: The images, the first one to look at first.
        title: Of the pages.
        out: New CSV file. It has the column ``correct_class`` for a person to fill in.
        sheets: New folder of ``page_001.png`` and so on; None for no sheets.

    Raises:
        FileExistsError: If there is something of these names.
    """
    with new_file(out) as part, part.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for rank, look in enumerate(looks, start=1):
            writer.writerow((rank, *map(_cell, astuple(look)), ""))
    if sheets is None:
        return
    with new_folder(sheets) as folder:
        starts = range(0, len(looks), SHOWN)[:MOST_PAGES]
        for page, start in enumerate(starts, start=1):
            shown = looks[start : start + SHOWN]
            pictures = [thumbnail(look.path) for look in shown]
            captions = [_caption(start + i, look) for i, look in enumerate(shown, 1)]
            numbers = f"{start + 1:,} to {start + len(shown):,} of {len(looks):,}"
            figure = draw_grid(for_picture(f"{title}: {numbers}"), pictures, captions)
            save_picture(figure, folder / f"page_{page:03d}.png")


def _cell(value: object) -> object:
    if isinstance(value, str):
        return for_spreadsheet(value)
    return value if value is None else f"{value:.6g}"


def _caption(rank: int, look: Look) -> str:
    """Say which image it is, what it is said to be and what it is taken for."""
    name = printable(PurePath(look.path).name)
    answer = f"{_short(look.answer)} {look.confidence:.2f}"
    lines = [f"{rank}. {name[-LONGEST:]}"]
    if look.given:
        lines.append(f"{_short(look.given)},")
        answer = f"or {answer}"
    return "\n".join(for_picture(line) for line in (*lines, answer))


def _short(name: str) -> str:
    name = printable(name)
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
