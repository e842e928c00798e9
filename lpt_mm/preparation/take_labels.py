"""Corrected labels, put into the split lists of a data set, and taken back."""

import json
import os
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from mmengine.config import Config

from lpt_mm.datasets.split_list import is_listable
from lpt_mm.datasets.transforms.image_file import EXTENSIONS
from lpt_mm.preparation.corrections import read_corrections
from lpt_mm.preparation.open_lists import OpenList, open_lists
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.json_file import write_json
from lpt_mm.utils.new_file import replace_file, require_new
from lpt_mm.utils.text import list_some, printable

MARK, FORMAT = "lpt_mm_journal", 1
BEFORE, AFTER = "before", "after"


def take_labels(
    cfg: Config, table: str | os.PathLike, journal: str | os.PathLike
) -> str:
    """Correct labels in the training and validation lists, and list new images.

    Images that are in no list go to the end of the training list. Test labels are left
    alone.

    Args:
        cfg: Config that has the lists.
        table: CSV file of :func:`read_corrections`.
        journal: New file, to take it back with :func:`restore_lists`.

    Returns:
        What was done, in one line.

    Raises:
        OSError: If a file is missing, or the journal exists.
        UserError: If a correction cannot be made; nothing is changed then.
    """
    require_new(journal)
    lists, names = open_lists(cfg)
    corrections = read_corrections(table, names)
    found = {
        split: {
            i: corrections[x] for i, x in enumerate(images.files) if x in corrections
        }
        for split, images in lists.items()
    }
    _require_no_test([lists["test"].files[i] for i in found.get("test", ())])
    known = {lists[split].files[i] for split in found for i in found[split]}
    new = {file: label for file, label in corrections.items() if file not in known}
    added = _listed(new, lists["train"])
    wrong = {
        split: {i: y for i, y in found[split].items() if images.labels[i] != y}
        for split, images in lists.items()
    }
    _require_classes(lists["train"], wrong["train"], added, names)
    number = sum(map(len, wrong.values()))
    right = sum(map(len, found.values())) - number
    said = (
        f"{number:,} labels corrected, {right:,} confirmed, {len(added):,} images "
        "added to the training list"
    )
    if not number and not added:
        return said
    contents = {"train": lists["train"].changed(wrong["train"], added)}
    if wrong.get("val"):
        contents["val"] = lists["val"].changed(wrong["val"], ())
    _write(lists, contents, journal)
    return f"{said}; --undo {printable(journal)} takes it back"


def restore_lists(cfg: Config, journal: str | os.PathLike) -> str:
    """Give lists back their content of before :func:`take_labels`.

    Args:
        cfg: Config that has the lists.
        journal: Its file.

    Returns:
        What was done, in one line.

    Raises:
        OSError: If there is no such file, or a list is gone.
        UserError: If it is no journal, or a list has been changed since.
    """
    source = f"'{printable(journal)}'"
    lists, _ = open_lists(cfg)
    recorded = _read_journal(journal, source, lists)
    for split, (before, after) in recorded.items():
        content = lists[split].content
        if content != before and sha256(content).hexdigest() != after:
            raise UserError(
                f"'{printable(lists[split].file)}' is not as {source} has left it, and "
                "is not written over"
            )
    for split, (before, _) in recorded.items():
        _replace(lists[split], before)
    names = list_some([str(lists[split].file) for split in recorded])
    return f"restored {names}"


def _require_no_test(files: Collection[str]) -> None:
    if files:
        raise UserError(
            f"{len(files):,} corrected images are in the test list, which stays as it "
            f"is: {list_some(files, limit=5)}; take their rows out"
        )


def _listed(new: Mapping[str, int], train: OpenList) -> list[tuple[str, int]]:
    """Give what stands in the list of new images, by path in its root, and label."""
    added, outside, odd = [], [], []
    for file, label in new.items():
        path = os.path.relpath(file, train.root)
        if path.split(os.sep)[0] == os.pardir:
            outside.append(file)
        elif not is_listable(path) or not path.lower().endswith(EXTENSIONS):
            odd.append(file)
        added.append((path, label))
    if outside:
        raise UserError(
            f"{len(outside):,} new images are outside of the data set's folder "
            f"'{printable(train.root)}', move them there: "
            f"{list_some(outside, limit=5)}"
        )
    if odd:
        raise UserError(
            f"a list cannot hold {list_some(odd, limit=5)}: an image is called "
            f"{', '.join(EXTENSIONS)}"
        )
    return added


def _require_classes(
    train: OpenList,
    wrong: Mapping[int, int],
    added: Collection[tuple[str, int]],
    names: Sequence[str],
) -> None:
    """Refuse to take the last training image of a class away."""
    old = np.array(train.labels)
    new = old.copy()
    new[list(wrong)] = list(wrong.values())
    left = {*new.tolist(), *(label for _, label in added)}
    if lost := [names[x] for x in sorted({*old.tolist()} - left)]:
        raise UserError(f"no training image would be left of {list_some(lost)}")


def _write(
    lists: Mapping[str, OpenList],
    contents: Mapping[str, bytes],
    journal: str | os.PathLike,
) -> None:
    """Write the journal, and then the lists."""
    entries = {
        split: {
            BEFORE: lists[split].content.decode(),
            AFTER: sha256(content).hexdigest(),
        }
        for split, content in contents.items()
    }
    write_json(journal, {MARK: FORMAT, "lists": entries})
    for split, content in contents.items():
        _replace(lists[split], content)


def _replace(images: OpenList, content: bytes) -> None:
    replace_file(os.path.realpath(images.file), content)  # a link stays one


def _read_journal(
    journal: str | os.PathLike, source: str, lists: Mapping[str, OpenList]
) -> dict[str, tuple[bytes, str]]:
    """Read the content of before, and the digest of that after, by split."""
    try:
        content = json.loads(Path(journal).read_text(encoding="utf-8"))
        entries = content["lists"] if content[MARK] == FORMAT else {}
        recorded = {k: (v[BEFORE].encode(), v[AFTER]) for k, v in entries.items()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        recorded = {}
    if not recorded or not recorded.keys() <= lists.keys() - {"test"}:
        raise UserError(
            f"{source} is no journal of tools/dataset_converters/take_labels.py for "
            "this data set"
        )
    return recorded
