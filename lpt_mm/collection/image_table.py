"""A table of images in a file of Parquet, written batch by batch."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

ROWS = 10_000  # that are written at a time: small groups are slow to read


class ImageTable:
    """A file of Parquet with a row an image.

    Args:
        path: New file.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa  # not everyone has it
        from pyarrow.parquet import ParquetWriter

        text, number = pa.string(), pa.int64()
        types = dict(path=text, label=number, predicted=number, name=text)
        types |= dict(score=pa.float64(), size=number, mtime_ns=number)
        self._schema = pa.schema(list(types.items()))
        self._writer = ParquetWriter(path, self._schema)
        self._table = pa.Table
        self._columns: dict[str, list] = {name: [] for name in types}

    def __enter__(self) -> Self:
        """Give the table."""
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is left, and close the file."""
        self._write()
        self._writer.close()

    def add(self, rows: Mapping[str, list]) -> None:
        """Append rows, given by column."""
        for name, column in self._columns.items():
            column += rows[name]
        if len(self._columns["path"]) >= ROWS:
            self._write()

    def _write(self) -> None:
        table = self._table.from_pydict(self._columns, schema=self._schema)
        self._writer.write_table(table)
        for column in self._columns.values():
            column.clear()
