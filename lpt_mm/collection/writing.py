"""Packs that were changed, written and read back."""

import os
from pathlib import Path

from lpt_mm.collection.fingerprint import model_fingerprint
from lpt_mm.utils.new_file import require_new
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.pack import Pack, read_pack


def require_new_pack(path: str | os.PathLike) -> None:
    """Refuse a pack that could not be written, before the work."""
    if Path(path).suffix != ".safetensors":
        raise WeightFileError(
            f"call '{path}' NAME.safetensors: mmengine and torch go by the name"
        )
    require_new(path)


def write_pack(pack: Pack, path: str | os.PathLike) -> None:
    """Write a new file of a pack, and compare what can be read of it."""
    pack.save(path)
    read = read_pack(path)
    same = model_fingerprint(read) == model_fingerprint(pack)
    if not same or read.calibration != pack.calibration:
        raise WeightFileError(f"'{path}' was not written as it should be: write anew")
