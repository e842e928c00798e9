"""iNaturalist 2018 as it is distributed."""

import json
import reprlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mmpretrain.registry import DATASETS

from lpt_mm.datasets.labels import MAX_LABEL
from lpt_mm.datasets.split_list import SplitList, is_listable
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
    """Read the paths and labels of a JSON file of iNaturalist 2018.

    A file of another kind or year is a ``UserError``, which names the entry that is not
    as it should be.
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
        pairs = list(_pairs(content))
    except UserError as error:
        raise UserError(
            f"{printable(file)} is no annotation file of iNaturalist {YEAR}: {error}"
        ) from error
    return [name for name, _ in pairs], [label for _, label in pairs]


def _require_year(content: object) -> None:
    info = content.get("info") if isinstance(content, dict) else None
    year = info.get("year") if isinstance(info, dict) else None
    if year != YEAR:
        raise _must_be("info.year", str(YEAR), year)


def _pairs(content: dict) -> Iterator[tuple[str, int]]:
    """Join the images' paths and the annotations' labels."""
    names: dict[object, str] = {}
    image_rules = (
        ("id", _is_key, "a number"),
        ("file_name", _is_path, "a path"),
        ("id", lambda key: key not in names, "another than those before"),
    )
    for image in _entries(content, "images", image_rules):
        names[image["id"]] = image["file_name"]
    annotation_rules = (
        ("image_id", lambda key: _is_key(key) and key in names, "the id of an image"),
        ("category_id", _is_label, f"a whole number from 0 to {MAX_LABEL}"),
    )
    for annotation in _entries(content, "annotations", annotation_rules):
        yield names[annotation["image_id"]], annotation["category_id"]


def _is_key(key: object) -> bool:
    return isinstance(key, int | str)  # other values may not be hashable


def _is_path(name: object) -> bool:
    return isinstance(name, str) and is_listable(name)


def _is_label(label: object) -> bool:
    return type(label) is int and 0 <= label <= MAX_LABEL


def _entries(
    content: dict, name: str, rules: Sequence[tuple[str, Callable, str]]
) -> Iterator[dict]:
    """Give the entries of a list; of each, the values of some keys follow rules."""
    entries = content.get(name)
    if not isinstance(entries, list) or not entries:
        raise _must_be(name, "a list that is not empty", entries)
    for i, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise _must_be(f"{name}[{i}]", "an object", entry)
        for key, is_right, wanted in rules:
            if not is_right(entry.get(key)):
                raise _must_be(f"{name}[{i}].{key}", wanted, entry.get(key))
        yield entry


def _must_be(entry: str, wanted: str, got: object) -> UserError:
    text = printable(reprlib.repr(got))
    return UserError(f"{entry} must be {wanted}, got {text}")
