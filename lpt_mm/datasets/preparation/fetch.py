"""Fetching of a file."""

import shutil
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

TIMEOUT = 30  # seconds without an answer


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
