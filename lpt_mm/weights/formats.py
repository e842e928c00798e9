"""Telling weight files by their content, and damaged ones by their checksums.

Each byte of an archive, such as a ``.pth`` file, is read once: torch compares nothing.
"""

import zipfile
from mmap import ACCESS_READ, mmap
from pathlib import Path

from PIL import Image

from lpt_mm.weights.errors import DAMAGED, WeightFileError

# Weights hardly shrink when they are compressed, and are shared by a few names at most.
MOST_TIMES_SIZE = 20
ALWAYS_FITS = 2**26
# In a pickle: all that torch's safe loading calls that fills memory by a number alone.
FILLING = b"\nbytearray\n"


def find_format(path: Path) -> str:
    """Tell ``'torch'``, ``'pickle'`` (before 1.6), ``'safetensors'``, ``'npz'``.

    Refuse what is none of these, is damaged, or is small but would fill the memory.
    """
    with path.open("rb") as file:
        head = file.read(64)
    if head.startswith(b"PK"):
        return _check_archive(path)
    if head[8:9] == b"{":
        return "safetensors"
    if not head.startswith(b"\x80"):
        raise WeightFileError(f"'{path}' is no weight file: it is {_guess(path, head)}")
    with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as text:
        _refuse_filling(path, text.find(FILLING) >= 0)
    return "pickle"


def require_modest(path: Path, num_bytes: int) -> None:
    """Refuse a small file that says that it holds more bytes than weights could be."""
    size = path.stat().st_size
    if num_bytes > max(MOST_TIMES_SIZE * size, ALWAYS_FITS):
        raise WeightFileError(
            f"'{path}' has {size:,} bytes and says that it holds {num_bytes:,}, which "
            "no weights do: it is damaged, or made to fill the memory"
        )


def _check_archive(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            require_modest(path, sum(info.file_size for info in archive.infolist()))
            if archive.testzip() is not None:
                raise WeightFileError(f"'{path}' {DAMAGED}")
            pickles = [name for name in names if name.endswith("data.pkl")]
            _refuse_filling(path, any(FILLING in archive.read(x) for x in pickles))
    except WeightFileError:
        raise
    except Exception as error:  # of a parser of damaged input
        raise WeightFileError(f"'{path}' {DAMAGED}") from error
    if any("/code/" in name for name in names):
        raise WeightFileError(
            f"'{path}' is a TorchScript program, and no code in a file is ever run; "
            "take the weights from timm, those of OpenAI's CLIP are "
            "'timm:vit_base_patch16_clip_quickgelu_224.openai'"
        )
    if pickles:
        if path.suffix == ".safetensors":  # torch would believe the name
            raise WeightFileError(f"'{path}' is a file of torch: rename it to .pth")
        return "torch"
    if any(name.endswith(".npy") for name in names):
        return "npz"
    raise WeightFileError(f"'{path}' is a zip archive without weights")


def _refuse_filling(path: Path, is_there: bool) -> None:
    if is_there:
        raise WeightFileError(
            f"'{path}' holds a bytearray, which no weights need and which may be of "
            "any size: save the tensors alone"
        )


def _guess(path: Path, head: bytes) -> str:
    """Say what a file is that holds no weights."""
    if not head:
        return "empty"
    if head.startswith(b"version https://git-lfs"):
        return "the stand-in of a large file, which 'git lfs pull' fetches"
    if head.lstrip().startswith(b"<"):
        return "a web page, as servers send instead of a file"
    try:
        with Image.open(path) as image:
            return f"a picture ({image.format})"
    except OSError:
        return "neither of torch nor of safetensors nor .npz"
