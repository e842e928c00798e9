"""Numbers written as JSON."""

import json
from pathlib import Path

from lpt_mm.utils.new_file import new_file


def write_json(path: str | Path, content: object) -> None:
    """Write a new file of JSON; one that is there is a ``FileExistsError``."""
    with new_file(path) as file:
        file.write_text(json.dumps(content, indent=1) + "\n")
