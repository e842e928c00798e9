"""New files: complete under their name, or not there at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

TIMEOUT = 30  # seconds without an answer


@contextmanager
def new_file(target: Path) -> Iterator[Path]:
    """Let a file be written under another name, and rename it if that went well.

    Args:
        target: Its name; nothing may have it yet. The folder is made if need be.

    Yields:
        The temporary file, empty, in the same folder.

    Raises:
        FileExistsError: If there is something of that name; it is left alone.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.part")
    temporary.open("xb").close()  # unlike that of tempfile, with the user's permissions
    try:
        yield temporary
        if os.path.lexists(target):
            raise FileExistsError(f"'{target}' exists already; it is left as it is")
        temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)


def download(url: str, file: Path) -> None:
    """Fetch a file.

    Args:
        url: Where it is.
        file: Where to write it.

    Raises:
        ConnectionError: If it cannot be had; the message has one line.
    """
    try:
        with urlopen(url, timeout=TIMEOUT) as source, file.open("wb") as sink:
            shutil.copyfileobj(source, sink)
    except (OSError, HTTPException) as error:  # URLError is an OSError
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ConnectionError(f"could not fetch {url} ({reason})") from error
