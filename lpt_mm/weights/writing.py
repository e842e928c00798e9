"""Writing of weight files."""

import tempfile
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
        OSError: If it cannot be written.
    """
    path = require_new(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            torch.save(content, file)
            Path(file.name).rename(path)
        except BaseException:
            Path(file.name).unlink()
            raise
