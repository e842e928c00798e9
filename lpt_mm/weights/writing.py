"""Writing of weight files."""

from pathlib import Path

import torch


def require_new(path: str | Path) -> Path:
    """Refuse to write over a file.

    Args:
        path: Path of the file to write.

    Returns:
        The path.

    Raises:
        FileExistsError: If there is such a file.
    """
    path = Path(path)
    if path.exists():
        raise FileExistsError(f"'{path}' exists and is not overwritten")
    return path


def save_new(content: dict, path: str | Path) -> None:
    """Save a file that appears under its name only when it is whole.

    Args:
        content: Tensors, numbers and strings, in dicts and lists.
        path: Path of a file that does not exist yet; its folder is made.

    Raises:
        FileExistsError: If it exists.
    """
    path = require_new(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial")
    try:
        torch.save(content, partial)
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)
