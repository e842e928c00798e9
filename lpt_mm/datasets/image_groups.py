"""Groups of images that belong together: of a camera, a patient, a plant, a burst."""

import csv
import os
import re
from collections.abc import Sequence
from pathlib import Path, PurePath

from torch.utils.data import Dataset

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import list_some, printable

TABLE = re.compile(r"(?P<file>.+\.csv):(?P<column>.+)", re.IGNORECASE | re.DOTALL)


def group_images(
    paths: Sequence[str], group_by: str, root: str | os.PathLike = ""
) -> list[str]:
    """Name the group of each image.

    Args:
        paths: Files of the images.
        group_by: A number is the level of a folder: 1 for the one that an image lies
            in, 2 for the one above; folders of the same name are the same group, and
            all images must lie equally deep. ``FILE.csv:COLUMN`` is a column of a table
            with a header, whose column ``path`` is relative to the table's folder.
            Anything else is a regular expression with one group, which is searched in
            the paths.
        root: Folder below which the paths are looked at.

    Returns:
        The names, in the order of the paths.

    Raises:
        FileNotFoundError: If there is no such table, or an image of it is gone.
        UserError: If an image has no group, or two, or what tells the groups is wrong.
    """
    found: Sequence[str | None]
    below = [_below(path, root) for path in paths]
    if group_by.isascii() and group_by.isdigit():
        found = _by_level(below, int(group_by))
    elif table := TABLE.fullmatch(group_by):
        found = _by_table(paths, Path(table["file"]), table["column"])
    else:
        found = _by_pattern(below, group_by)
    lacking = [x for x, group in zip(below, found, strict=True) if not group]
    if lacking:
        raise UserError(
            f"{len(lacking):,} of {len(paths):,} images have no group by "
            f"'{printable(group_by)}': {list_some(lacking, limit=5)}"
        )
    return list(found)


def group_dataset(dataset: Dataset, group_by: str) -> list[str]:
    """Name the group of each image of a data set, in order.

    Args:
        dataset: The data set, or what wraps it.
        group_by: As of :func:`group_images`; paths are looked at below the data root.

    Returns:
        The names.

    Raises:
        UserError: If an image has no file, or as of :func:`group_images`.
    """
    infos = map(dataset.get_data_info, range(len(dataset)))
    paths = [info.get("img_path") for info in infos]
    if None in paths:
        raise UserError("only images in files have groups, and these are in none")
    while not hasattr(dataset, "data_root") and hasattr(dataset, "dataset"):
        dataset = dataset.dataset
    return group_images(paths, group_by, getattr(dataset, "data_root", None) or "")


def _below(path: str, root: str | os.PathLike) -> str:
    """Give a path as it is below a folder, or as it is if it is elsewhere."""
    below = os.path.relpath(path, root) if root else path
    return path if PurePath(below).parts[:1] == (os.pardir,) else below


def _by_level(paths: Sequence[str], level: int) -> list[str | None]:
    if level < 1:
        raise UserError(
            "folders are counted from the image up: 1 is the one that it lies in, got "
            f"{level}"
        )
    by_depth = {len(PurePath(path).parts): path for path in paths}
    if len(by_depth) > 1:  # one camera's folder would be another one's subfolder
        raise UserError(
            f"the images lie at different depths, as {list_some(by_depth.values(), 2)}:"
            " tell their groups by a pattern or a table"
        )
    names = (PurePath(path).parts[-level - 1 : -level] for path in paths)
    return [next(iter(name), None) for name in names]


def _by_pattern(paths: Sequence[str], pattern: str) -> list[str | None]:
    try:
        searched = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise UserError(
            f"'{printable(pattern)}' is no regular expression: {error}"
        ) from error
    if searched.groups != 1:
        raise UserError(
            f"the pattern '{printable(pattern)}' has {searched.groups} groups, and one "
            "tells which images belong together: put (parentheses) around that part"
        )
    found = map(searched.search, paths)
    return [match and match[1] for match in found]


def _by_table(paths: Sequence[str], file: Path, column: str) -> list[str | None]:
    groups = _read_table(file, column)
    known = {_key(path): path for path in paths}
    gone = [x for x in groups if x not in known and not os.path.lexists(x)]
    if gone:
        raise FileNotFoundError(
            f"'{printable(file)}' has {len(gone):,} images that are gone: "
            f"{list_some(gone, limit=5)}; take their lines out"
        )
    return [groups.get(_key(path)) for path in paths]


def _read_table(file: Path, column: str) -> dict[str, str]:
    """Read the group of each absolute path, '' where the cell is empty."""
    if not file.is_file():
        raise FileNotFoundError(f"there is no table '{printable(file)}'")
    groups: dict[str, str] = {}
    with file.open(newline="", encoding="utf-8-sig") as lines:
        try:
            reader = csv.DictReader(lines)
            if lacking := {"path", column} - set(reader.fieldnames or ()):
                raise UserError(
                    f"'{printable(file)}' has no column {list_some(lacking)}, but "
                    f"{list_some(reader.fieldnames or ['no line'])}"
                )
            for row in reader:
                name, group = row["path"] or "", (row[column] or "").strip()
                if groups.setdefault(_key(file.parent / name), group) != group:
                    raise UserError(
                        f"{printable(file)}:{reader.line_num}: '{printable(name)}' is "
                        "of two groups"
                    )
        except (csv.Error, UnicodeDecodeError) as error:
            raise UserError(
                f"'{printable(file)}' is no CSV table in UTF-8: {error}"
            ) from error
    return groups


def _key(path: str | os.PathLike) -> str:
    return os.path.abspath(path)
