"""Tables of predictions: CSV, JSON lines or Parquet, by the ending of the file."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from lpt_mm.inference.prediction import Prediction
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import new_file
from lpt_mm.utils.text import for_spreadsheet

ROWS = 10_000  # of Parquet that are written at a time
Row = dict[str, object]


def require_format(path: str | Path) -> None:
    """Refuse a table of another kind, or whose package is not there."""
    ending = Path(path).suffix
    if ending not in WRITERS:
        raise UserError(f"--out ends with {' or '.join(WRITERS)}, got '{path}'")
    if ending == ".parquet":
        require_parquet()


def require_parquet() -> None:
    """Refuse to begin where the package for Parquet is missing."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise UserError(
            "Parquet needs the package pyarrow: pip install lpt_mm[parquet]"
        ) from error


def write_table(
    path: str | Path,
    predictions: Iterable[Prediction],
    top: int,
    has_tasks: bool = False,
    by_observation: bool = False,
    further: Iterable[str] = (),
) -> None:
    """Write a new file of a row a prediction, without holding them.

    Args:
        path: CSV, JSON lines (``.json``, ``.jsonl``) or Parquet.
        predictions: What to write.
        top: Classes of a prediction. The first has the columns ``name``, ``score`` and
            ``label``, the second ``name_2`` ...; ``shot_group`` is that of the first.
        has_tasks: Whether there is a column ``task``.
        by_observation: Whether there are columns ``observation`` and ``images`` in the
            place of ``path``.
        further: Columns after those, some of ``FURTHER``.

    Raises:
        FileExistsError: If there is something of that name; it is left alone.
    """
    columns = columns_of(top, has_tasks, by_observation) + list(further)
    rows = (row_of(prediction, columns) for prediction in predictions)
    with new_file(path) as file:
        WRITERS[Path(path).suffix](file, rows, columns)


def columns_of(
    top: int, has_tasks: bool = False, by_observation: bool = False
) -> list[str]:
    """Name the columns of a table."""
    of_class = ("name", "score", "label")
    further = [f"{key}_{i}" for i in range(2, top + 1) for key in of_class]
    task = ["task"] if has_tasks else []
    what = ["observation", "images"] if by_observation else ["path"]
    return [*what, *task, *of_class, "shot_group", "error", *further]


def row_of(prediction: Prediction, columns: list[str]) -> Row:
    """Give the values of a row by column; None where there is none."""
    row: Row = {column: getattr(prediction, column, None) for column in columns}
    for column in {"path", "observation"} & row.keys():
        # Names of files need not be UTF-8.
        name = str(row[column] or "").encode(errors="backslashreplace")
        row[column] = name.decode()
    found = zip(prediction.names, prediction.scores, prediction.labels, strict=True)
    for i, (name, score, label) in enumerate(found, 1):
        end = "" if i == 1 else f"_{i}"
        row |= {f"name{end}": name, f"score{end}": _short(score), f"label{end}": label}
    return row | {name: FURTHER[name](prediction) for name in FURTHER if name in row}


def _short(number: float | None) -> float | None:
    return None if number is None else float(f"{number:.6g}")  # of float32


def _join(names: Sequence[str] | None) -> str | None:
    return None if names is None else "; ".join(names)


def _size(names: Sequence[str] | None) -> int | None:
    return None if names is None else len(names)


# Columns of what may be asked for beside the likeliest classes.
FURTHER: dict[str, Callable[[Prediction], object]] = dict(
    set=lambda prediction: _join(prediction.answer_set),
    set_size=lambda prediction: _size(prediction.answer_set),
    answer=lambda prediction: prediction.answer,
    level=lambda prediction: prediction.level,
    certainty=lambda prediction: _short(prediction.certainty),
)


def _write_csv(path: Path, rows: Iterator[Row], columns: list[str]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for row in rows:
            texts = {
                k: for_spreadsheet(v) for k, v in row.items() if isinstance(v, str)
            }
            writer.writerow(row | texts)


def _write_json_lines(path: Path, rows: Iterator[Row], columns: list[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _write_parquet(path: Path, rows: Iterator[Row], columns: list[str]) -> None:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    number, text = pa.float64(), pa.string()
    types = dict(score=number, label=pa.int64(), images=pa.int64(), size=pa.int64())
    types |= dict(certainty=number)
    # "score_2" is a score, "set_size" a size.
    kinds = [c.removeprefix("set_").split("_")[0] for c in columns]
    fields = [(c, types.get(k, text)) for c, k in zip(columns, kinds, strict=True)]
    schema = pa.schema(fields)
    with ParquetWriter(path, schema) as writer:
        while some := list(islice(rows, ROWS)):
            writer.write_table(pa.Table.from_pylist(some, schema))


WRITERS: dict[str, Callable[[Path, Iterator[Row], list[str]], None]] = {
    ".csv": _write_csv,
    ".json": _write_json_lines,
    ".jsonl": _write_json_lines,
    ".parquet": _write_parquet,
}
