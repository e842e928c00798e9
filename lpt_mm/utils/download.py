"""Fetching of a file."""

from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

TIMEOUT = 30  # seconds without an answer
MAX_BYTES = 2**28  # no split list is as large, and a server may never end
CHUNK = 2**20


def download(url: str, file: Path) -> None:
    """Fetch a file; a ``ConnectionError`` of one line if it cannot be had."""
    try:
        with urlopen(url, timeout=TIMEOUT) as source, file.open("wb") as sink:
            while chunk := source.read(CHUNK):
                sink.write(chunk)
                if sink.tell() > MAX_BYTES:
                    raise OSError(f"it has more than {MAX_BYTES:,} bytes")
    except (OSError, HTTPException) as error:  # URLError is an OSError
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ConnectionError(f"could not fetch {url} ({reason})") from error
