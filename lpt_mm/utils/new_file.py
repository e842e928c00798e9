"""New files: complete under their name, or not there at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def require_new(path: str | Path) -> Path:
    """Refuse to write over anything.

    Args:
        path: Path of the file to write.

    Returns:
        The path.

    Raises:
        FileExistsError: If there is something of that name.
    """
    path = Path(path)
    if os.path.lexists(path):
        raise FileExistsError(f"'{path}' exists and is not overwritten")
    return path


@contextmanager
def new_file(path: str | Path) -> Iterator[Path]:
    """Let a file be written under another name, and rename it if that went well.

    Args:
        path: Its name; nothing may have it yet. The folder is made if need be.

    Yields:
        The temporary file, empty, in the same folder.

    Raises:
        FileExistsError: If there is something of that name; it is left alone.
    """
    path = require_new(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    temporary.open("xb").close()  # unlike that of tempfile, with the user's permissions
    try:
        yield temporary
        require_new(path)
        _rename(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def replace_file(path: str | Path, content: bytes) -> None:
    """Write a file that takes the place of an older one only when it is on the disk.

    Args:
        path: Its name. The folder is made if need be.
        content: All that it is to hold.

    Raises:
        OSError: If it cannot be written; an older file of that name is left as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Always the same name, so that what a killed process left is written over.
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_bytes(content)
        _rename(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _rename(temporary: Path, path: Path) -> None:
    """Rename a file in a way that a loss of power does not undo halfway."""
    _sync(temporary)
    temporary.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
