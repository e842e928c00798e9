"""Files that are there."""

import os
from collections.abc import Iterator
from pathlib import Path


def has_content(path: str | Path) -> bool:
    """Tell whether a file is there and not empty.

    Args:
        path: Any path.

    Returns:
        Whether it has content; False also where no file can have such a name.
    """
    try:
        return os.stat(path).st_size > 0
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return False


def visible_files(folder: str, links: bool = False) -> Iterator[str]:
    """List the files of a folder and of those below it, but hidden ones.

    Args:
        folder: The folder.
        links: Whether links to folders are followed, in circles too.

    Yields:
        Paths, each beginning with the folder's.

    Raises:
        OSError: If a folder cannot be read.
    """

    def fail(error: OSError) -> None:
        raise error  # else what cannot be read would be left out

    for parent, folders, names in os.walk(folder, onerror=fail, followlinks=links):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (os.path.join(parent, x) for x in names if not x.startswith("."))
