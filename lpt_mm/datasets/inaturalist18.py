"""iNaturalist 2018 as it is distributed."""

import json
import reprlib
from collections.abc import Iterator
from pathlib import Path

from mmpretrain.registry import DATASETS

from lpt_mm.datasets.labels import MAX_LABEL
from lpt_mm.datasets.split_list import SplitList, is_listable
from lpt_mm.datasets.transforms.image_file import is_url
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable

YEAR = 2018


@DATASETS.register_module()
class INaturalist18(SplitList):
    """iNaturalist 2018 from its JSON files, ``train2018.json`` and ``val2018.json``.

    8,142 species, 437,513 training images. Source:
    https://github.com/visipedia/inat_comp/tree/master/2018. All arguments are those of
    :class:`SplitList`; ``ann_file`` is the JSON file.
    """

    def read(self) -> tuple[list[str], list[int]]:
        """Read the paths as they stand in the file, and the labels."""
        return read_json(self.ann_file)


def read_json(file: str | Path) -> tuple[list[str], list[int]]:
    """Read a JSON file of iNaturalist 2018.

    Args:
        file: ``train2018.json`` or ``val2018.json``.

    Returns:
        The paths and the labels.

    Raises:
        FileNotFoundError: If there is no such file.
        UserError: If it is no such file, or of another year; the entry that is not as
            it should be is named.
    """
    if not Path(file).is_file():
        raise FileNotFoundError(f"there is no file '{printable(file)}'")
    try:
        content = json.loads(Path(file).read_bytes())
    except RecursionError as error:
        raise UserError(
            f"{printable(file)} is no annotation file: it is too deeply nested"
        ) from error
    except ValueError as error:
        raise UserError(f"{printable(file)} is no JSON file: {error}") from error
    try:
        _require_year(content)
        pairs = list(_pairs(content, _names(content)))
    except _EntryError as error:
        raise UserError(
            f"{printable(file)} is no annotation file of iNaturalist {YEAR}: {error}"
        ) from error
    return [name for name, _ in pairs], [label for _, label in pairs]


class _EntryError(ValueError):
    """What an entry must be and what it is instead, in one line."""

    def __init__(self, entry: str, wanted: str, got: object) -> None:
        text = printable(reprlib.repr(got))
        super().__init__(f"{entry} must be {wanted}, got {text}")


def _require_year(content: object) -> None:
    info = content.get("info") if isinstance(content, dict) else None
    year = info.get("year") if isinstance(info, dict) else None
    if year != YEAR:
        raise _EntryError("info.year", str(YEAR), year)


def _names(content: dict) -> dict[object, str]:
    """Read the paths of the images by id."""
    names: dict[object, str] = {}
    for entry, image in _entries(content, "images"):
        key, name = image.get("id"), image.get("file_name")
        if not isinstance(key, int | str):
            raise _EntryError(f"{entry}.id", "a number", key)
        if not isinstance(name, str) or not is_listable(name) or is_url(name):
            raise _EntryError(f"{entry}.file_name", "a path", name)
        if key in names:
            raise _EntryError(f"{entry}.id", "another than those before", key)
        names[key] = name
    return names


def _pairs(content: dict, names: dict[object, str]) -> Iterator[tuple[str, int]]:
    """Read path and label of the annotations."""
    for entry, annotation in _entries(content, "annotations"):
        key, label = annotation.get("image_id"), annotation.get("category_id")
        if not isinstance(key, int | str) or key not in names:
            raise _EntryError(f"{entry}.image_id", "the id of an image", key)
        if type(label) is not int or not 0 <= label <= MAX_LABEL:
            wanted = f"a whole number from 0 to {MAX_LABEL}"
            raise _EntryError(f"{entry}.category_id", wanted, label)
        yield names[key], label


def _entries(content: dict, name: str) -> Iterator[tuple[str, dict]]:
    entries = content.get(name)
    if not isinstance(entries, list) or not entries:
        raise _EntryError(name, "a list that is not empty", entries)
    for i, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise _EntryError(f"{name}[{i}]", "an object", entry)
        yield f"{name}[{i}]", entry
