"""Numbers written as JSON."""

import json
from pathlib import Path

from lpt_mm.utils.new_file import new_file


def write_json(path: str | Path, content: object) -> None:
    """Write a new file of JSON.

    Args:
        path: File to write.
        content: What it is to hold.

    Raises:
        FileExistsError: If there is something of that name; it is left alone.
    """
    with new_file(path) as file:
        file.write_text(json.dumps(content, indent=1) + "\n")
