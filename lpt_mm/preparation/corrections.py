"""Labels that a person has corrected, in a table of images."""

import csv
import os
import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import for_spreadsheet, list_some, printable

PATH, CORRECT_CLASS = "path", "correct_class"
# What ``printable`` makes of a letter that is not to be seen, such as the narrow space
# in the names of screenshots.
ESCAPED = re.compile(r"\\(?:[nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")


def read_corrections(table: str | os.PathLike, names: Sequence[str]) -> dict[str, int]:
    """Read the rows of a table whose ``correct_class`` is filled in.

    Args:
        table: CSV file of ``tools/inference/review.py`` or ``audit.py``, or
            decisions of ``tools/demo.py``.
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
    labels = _labels_as_written(names)
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
            rows = list(csv.DictReader(file, strict=True))
        except (csv.Error, UnicodeDecodeError) as error:
            raise UserError(f"{source} is no CSV table in UTF-8: {error}") from error
    if not rows or not {PATH, CORRECT_CLASS} <= rows[0].keys():
        raise UserError(
            f"{source} has no columns {PATH} and {CORRECT_CLASS} with commas between "
            "them, or no row"
        )
    if long := [row for row in rows if any(row.get(None, ()))]:
        raise UserError(
            f"{source}: the row of {printable(long[0][PATH])} has more cells than the "
            "table has columns: put a cell with a comma in it between quotes"
        )
    return [(row[PATH] or "", row[CORRECT_CLASS] or "") for row in rows]


def _labels_as_written(names: Sequence[str]) -> dict[str, int]:
    """Give the labels by what a cell may say: the names, or what tables make of them.

    Spaces around a name do not count.
    """
    labels: dict[str, int] = {}
    for label, name in enumerate(names):
        for cell in (name.strip(), for_spreadsheet(name).strip()):
            if (other := labels.setdefault(cell, label)) != label:
                raise UserError(
                    f"the classes '{printable(names[other])}' and '{printable(name)}' "
                    "are the same in a table: give one of them another name"
                )
    return labels


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
    """Give the file that a cell names, which may be behind an apostrophe or escaped."""
    plain = path.removeprefix("'")
    escaped = ESCAPED.sub(lambda x: x[0].encode().decode("unicode_escape"), plain)
    for name in (path, plain, escaped):
        file = os.path.abspath(name) if name and "\0" not in name else ""
        if os.path.isfile(file):
            return file
    return None
