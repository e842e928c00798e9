"""Packs that were changed, written and read back."""

import os

from lpt_mm.collection.fingerprint import model_fingerprint
from lpt_mm.utils.new_file import require_new
from lpt_mm.weights.errors import WeightFileError
from lpt_mm.weights.pack import Pack, read_pack, require_pack_name


def require_new_pack(path: str | os.PathLike) -> None:
    """Refuse a pack that could not be written, before the work."""
    require_pack_name(path)
    require_new(path)


def write_pack(pack: Pack, path: str | os.PathLike) -> None:
    """Write a new file of a pack, and compare what can be read of it."""
    pack.save(path)
    read = read_pack(path)
    same = model_fingerprint(read) == model_fingerprint(pack)
    if not same or read.calibration != pack.calibration:
        raise WeightFileError(f"'{path}' was not written as it should be: write anew")
