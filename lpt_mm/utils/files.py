"""Files that are there."""

import os
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
