"""Arrays that are written row by row, of any number, into files of safetensors."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

HEADER = 4096  # bytes that are kept for what is known last: how many rows there are


class ArrayFile:
    """A file of one tensor (n, width) float32; n is known when it is closed.

    The header of the format is JSON, which may end in spaces: it is written into a
    place that was kept for it.

    Args:
        path: New file.
        name: Name of the tensor.
        width: Length of a row.
    """

    def __init__(self, path: Path, name: str, width: int) -> None:
        self._file = path.open("xb")
        self._file.write(bytes(HEADER))
        self._name = name
        self._width = width
        self._rows = 0

    def add(self, rows: np.ndarray) -> None:
        """Append rows (any number, width)."""
        assert rows.shape[1:] == (self._width,)
        self._file.write(np.ascontiguousarray(rows, "<f4").tobytes())
        self._rows += len(rows)

    def close(self, facts: Mapping[str, str]) -> None:
        """Write the header, with facts beside the tensor's shape."""
        shape = [self._rows, self._width]
        place = [0, 4 * self._rows * self._width]
        tensor = dict(dtype="F32", shape=shape, data_offsets=place)
        header = json.dumps({"__metadata__": dict(facts), self._name: tensor}).encode()
        size = HEADER - 8
        assert len(header) <= size
        self._file.seek(0)
        self._file.write(struct.pack("<Q", size) + header.ljust(size))
        self._file.close()
