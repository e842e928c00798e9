"""New files and folders: complete under their name, or not there at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable


def require_new(*paths: str | Path | None) -> None:
    """Refuse files that could not be written, before the work whose result they get."""
    wanted = [path for path in paths if path is not None]
    for path in wanted:
        _require_free(path)
        # Make an empty file there, or in the first folder above that is not new.
        temporary = _temporary(Path(path))
        folder = next(x for x in temporary.absolute().parents if os.path.lexists(x))
        try:
            (folder / temporary.name).open("xb").close()
            (folder / temporary.name).unlink()
        except OSError as error:
            raise type(error)(
                f"'{printable(path)}' cannot be written ({error.strerror}): choose "
                "another name or folder"
            ) from error
    if len(set(map(os.path.realpath, wanted))) < len(wanted):
        names = ", ".join(f"'{printable(path)}'" for path in wanted)
        raise UserError(f"two outputs cannot go into one file: {names}")


def _require_free(path: str | Path, overwrite: bool = False) -> None:
    if str(path).endswith(os.sep) or os.path.isdir(path):
        raise FileExistsError(f"'{printable(path)}' is a folder: name a file in it")
    if os.path.lexists(path) and not overwrite:
        raise FileExistsError(
            f"'{printable(path)}' exists and is not overwritten: choose another name "
            "or remove it"
        )


@contextmanager
def new_file(path: str | Path, overwrite: bool = False) -> Iterator[Path]:
    """Let a file be written under another name, and rename it if that went well."""
    _require_free(path, overwrite)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    temporary.open("xb").close()  # unlike that of tempfile, with the user's permissions
    try:
        yield temporary
        _require_free(path, overwrite)
        _rename(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def require_new_folder(path: str | Path) -> None:
    """Refuse a folder that could not be written, before the work that goes into it."""
    if os.path.lexists(path):
        raise FileExistsError(
            f"'{printable(path)}' exists and is not overwritten: choose another name "
            "or remove it"
        )
    require_new(Path(path) / "new")


@contextmanager
def new_folder(path: str | Path) -> Iterator[Path]:
    """Let a folder be filled under another name, and rename it if that went well."""
    require_new_folder(path)
    path = Path(path).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    temporary.mkdir()
    try:
        yield temporary
        require_new_folder(path)
        temporary.rename(path)
        _sync(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def replace_file(path: str | Path, content: bytes) -> None:
    """Write a file that takes the place of an older one only when it is on the disk."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Always the same name, so that what a killed process left is written over.
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_bytes(content)
        _rename(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{token_hex(4)}.part")


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
