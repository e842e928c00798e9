"""Files that are there, and what they are called in tables."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path


def has_content(path: str | Path) -> bool:
    """Tell whether a file is there and not empty."""
    try:
        return os.stat(path).st_size > 0
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return False


def short_names(paths: Sequence[str | Path]) -> list[str]:
    """Name files by their stems, or all by their paths below the folder they share."""
    stems = [Path(path).stem for path in paths]
    if len(set(stems)) == len(stems):
        return stems
    shared = os.path.commonpath([Path(path).absolute().parent for path in paths])
    return [os.path.relpath(path, shared) for path in paths]


def visible_files(folder: str, links: bool = False) -> Iterator[str]:
    """List all files below a folder but hidden ones; links are followed if wanted."""

    def fail(error: OSError) -> None:
        raise error  # else what cannot be read would be left out

    for parent, folders, names in os.walk(folder, onerror=fail, followlinks=links):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (os.path.join(parent, x) for x in names if not x.startswith("."))
