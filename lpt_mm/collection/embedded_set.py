"""Features and scores of a set of images, which were computed once."""

import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from safetensors import SafetensorError, safe_open

from lpt_mm.collection.fingerprint import model_fingerprint
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable
from lpt_mm.weights.pack import Pack

FEATURE, SCORE = "feature", "score"
TABLE = "images.parquet"
META, FORMAT = "lpt_mm", 1
UNKNOWN = -1  # in place of a label
AGAIN = "compute it again with tools/inference/embed.py"


@dataclass(frozen=True)
class EmbeddedSet:
    """What a model computes of a set of images, in their order.

    Args:
        feature: (N, D) float32, what the head classifies.
        score: (N, C) float32, the scores of the classes before the softmax, without
            what the loss adds to them in training.
        label: (N,) int64, -1 where the class is unknown.
        path: The N files; of images in no file, their place in the set.
        source: What errors call it.
    """

    feature: np.ndarray
    score: np.ndarray
    label: np.ndarray
    path: list[str]
    source: str = "the set"

    @classmethod
    def read(cls, folder: str | os.PathLike, pack: Pack) -> Self:
        """Read what ``tools/inference/embed.py`` wrote.

        Args:
            folder: The folder.
            pack: The model, which must be the one that the set was computed with.

        Returns:
            The set.

        Raises:
            UserError: If it is no such folder, of another model, or damaged, or an
                image has changed since.
        """
        source = f"'{printable(folder)}'"
        arrays, model = {}, model_fingerprint(pack)
        for name in (FEATURE, SCORE):
            arrays[name], facts = _read_array(Path(folder), name, source)
            if facts.get("model") != model:
                raise UserError(
                    f"{source} was computed with another model than {pack.source}, "
                    f"or with other preprocessing: {AGAIN}"
                )
        feature, score = arrays.values()
        table = _read_table(Path(folder), len(score), source)
        label = [UNKNOWN if x is None else x for x in table["label"]]
        label = np.array(label, dtype=np.int64)
        inside = (label >= UNKNOWN) & (label < pack.num_classes)
        is_whole = len(feature) == len(score) and score.shape[1] == pack.num_classes
        if not is_whole or not inside.all() or None in table["path"]:
            raise UserError(f"{source} is damaged: {AGAIN}")
        _require_unchanged(table, source)
        return cls(**arrays, label=label, path=table["path"], source=source)

    def __len__(self) -> int:
        """Count the images."""
        return len(self.path)

    @cached_property
    def labelled(self) -> Self:
        """The images whose class is known, of which there must be one."""
        known = self.label != UNKNOWN
        if not known.any():
            raise UserError(
                f"{self.source} has no labels: compute it with --split, or with "
                "--labels-from-folders"
            )
        return self if known.all() else self.take(np.flatnonzero(known))

    def take(self, index: np.ndarray) -> Self:
        """Take some of the images, by their places (n,)."""
        path = [self.path[i] for i in index]
        arrays = (self.feature[index], self.score[index], self.label[index])
        return type(self)(*arrays, path=path, source=self.source)


def _read_array(folder: Path, name: str, source: str) -> tuple[np.ndarray, dict]:
    """Read an array (N, width), and what is known of it."""
    file = folder / f"{name}.safetensors"
    if not file.is_file():
        raise UserError(f"{source} is no folder of tools/inference/embed.py")
    try:
        with safe_open(file, "numpy") as content:
            facts = json.loads((content.metadata() or {}).get(META, "{}"))
            is_array = content.get_slice(name).get_dtype() == "F32"
            array = content.get_tensor(name) if is_array else np.empty(0)
    except (SafetensorError, ValueError, RuntimeError, RecursionError) as error:
        raise UserError(f"{source} is damaged: {AGAIN}") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT or array.ndim != 2:
        raise UserError(f"{source} is of another version of lpt_mm: {AGAIN}")
    if not np.isfinite(array).all():
        raise UserError(f"{source} is damaged: {AGAIN}")
    return array, facts


def _read_table(folder: Path, number: int, source: str) -> dict[str, list]:
    """Read the columns that are needed, if there are so many rows."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    types = dict.fromkeys(("path", "label", "size", "mtime_ns"), pa.int64())
    schema = pa.schema(list((types | dict(path=pa.string())).items()))
    try:
        with ParquetFile(folder / TABLE) as file:
            if file.metadata.num_rows != number:  # before a billion is read
                raise ValueError("other rows than images")
            return file.read(schema.names).cast(schema).to_pydict()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise UserError(f"{source} is damaged: {AGAIN}") from error


def _require_unchanged(table: dict[str, list], source: str) -> None:
    """Refuse a set of which a file has changed; one that is gone was what it was."""
    for path, *recorded in zip(
        table["path"], table["size"], table["mtime_ns"], strict=True
    ):
        if recorded[0] is None:
            continue
        found = stamp_of(path)
        if found is not None and found != tuple(recorded):
            raise UserError(
                f"{source} is stale, '{printable(path)}' has changed since: {AGAIN}"
            )


def stamp_of(path: str) -> tuple[int, int] | None:
    """Give size and time of a file; None if there is none."""
    try:
        stat = os.stat(path)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None
    return stat.st_size, stat.st_mtime_ns
