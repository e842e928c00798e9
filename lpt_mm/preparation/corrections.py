"""Labels that a person has corrected, in a table of images."""

import csv
import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import for_spreadsheet, list_some, printable

PATH, CORRECT_CLASS = "path", "correct_class"


def read_corrections(table: str | os.PathLike, names: Sequence[str]) -> dict[str, int]:
    """Read the rows of a table whose ``correct_class`` is filled in.

    Args:
        table: CSV file of ``tools/inference/review.py`` or ``audit.py``.
        names: The classes, by label.

    Returns:
        The corrected label by path: absolute, without links resolved.

    Raises:
        OSError: If there is no such file.
        UserError: If it is no such table, nothing is filled in, a class is unknown, an
            image is gone, or has two classes.
    """
    source = f"'{printable(table)}'"
    rows = _read_rows(table, source)
    labels: dict[str, int] = {}
    for label, name in enumerate(names):
        labels |= {name: label, for_spreadsheet(name): label}
    filled = [(path, name.strip()) for path, name in rows if name.strip()]
    if not filled:
        raise UserError(f"{source}: nothing is filled in in its column {CORRECT_CLASS}")
    _require_known([name for _, name in filled], labels, source)
    found: dict[str, int] = {}
    gone, twice = [], []
    for path, name in filled:
        file = _find(path)
        if file is None:
            gone.append(path)
        elif found.setdefault(file, labels[name]) != labels[name]:
            twice.append(path)
    if gone:
        raise UserError(
            f"{source}: {len(gone):,} corrected images are not there: "
            f"{list_some(gone, limit=5)}; paths are relative to this folder"
        )
    if twice:
        names = list_some(twice, limit=5)
        raise UserError(f"{source}: corrected twice, to different classes: {names}")
    return found


def _read_rows(table: str | os.PathLike, source: str) -> list[tuple[str, str]]:
    with open(table, newline="", encoding="utf-8-sig") as file:
        try:
            rows = list(csv.DictReader(file))
        except (csv.Error, UnicodeDecodeError) as error:
            raise UserError(f"{source} is no CSV table in UTF-8: {error}") from error
    if not rows or not {PATH, CORRECT_CLASS} <= rows[0].keys():
        raise UserError(
            f"{source} has no columns {PATH} and {CORRECT_CLASS}, or no row"
        )
    return [(row[PATH] or "", row[CORRECT_CLASS] or "") for row in rows]


def _require_known(
    given: Sequence[str], labels: Mapping[str, int], source: str
) -> None:
    unknown = list(dict.fromkeys(name for name in given if name not in labels))
    if unknown:
        near = get_close_matches(unknown[0], labels, 1)
        hint = f": did you mean '{printable(near[0])}'?" if near else ""
        raise UserError(
            f"{source}: no class is called {list_some(unknown, limit=5)}{hint}"
        )


def _find(path: str) -> str | None:
    """Give the file that a cell names, which may be behind an apostrophe."""
    for name in (path, path.removeprefix("'")):
        file = os.path.abspath(name) if name and "\0" not in name else ""
        if os.path.isfile(file):
            return file
    return None
