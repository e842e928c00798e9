"""Predictions that are under way, kept so that an interrupted run can go on."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout

from lpt_mm.inference.prediction import Prediction
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable


class PredictionLog:
    """A file of JSON lines: first what was asked for, then a prediction a line.

    Only whole batches count when a run goes on, so that what is computed together, and
    so the last digit of a score, is as in a run left alone.

    Args:
        path: The file.
        facts: What was asked for.
        batch_rows: Predictions of a batch.
        resume: Whether to go on from a file that is there.

    Attributes:
        done: Number of predictions in the file.

    Raises:
        UserError: If there is a file, but ``resume`` is not set or it has other facts.
    """

    def __init__(
        self, path: Path, facts: Mapping[str, Any], batch_rows: int, resume: bool
    ) -> None:
        self.path = path
        self.done = 0
        self._facts = json.dumps(facts) + "\n"
        self._batch_rows = batch_rows
        if path.exists() and not resume:
            raise UserError(
                f"'{printable(path)}' is of a run that did not come to its end: go on "
                "with --resume, or remove it"
            )
        # Two runs would write into each other's lines.
        self._lock = FileLock(path.with_name(f".{path.name}.lock"), blocking=False)

    def __enter__(self) -> Self:
        """Find the place to go on from."""
        try:
            self._lock.acquire()
        except Timeout as error:
            raise UserError(
                f"another run is writing '{printable(self.path)}': wait for its end"
            ) from error
        self._file = self.path.open("r+b" if self.path.exists() else "x+b")
        if not self._file.read(1):
            self._file.write(self._facts.encode())
            return self
        self._file.seek(0)
        if self._file.readline().decode(errors="replace") != self._facts:
            raise UserError(
                f"'{printable(self.path)}' is of another model or other options: "
                "set them as before, or remove it to begin anew"
            )
        place, rows = self._file.tell(), 0
        for line in iter(self._file.readline, b""):
            rows += line.endswith(b"\n")
            if rows and rows % self._batch_rows == 0 and line.endswith(b"\n"):
                place, self.done = self._file.tell(), rows
        self._file.truncate(place)
        self._file.seek(place)
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file, which stays."""
        self._file.close()
        self._lock.release()
        Path(self._lock.lock_file).unlink(missing_ok=True)

    def add(self, predictions: Iterable[Prediction]) -> Iterator[Prediction]:
        """Pass on predictions, each of them written, at the latest after its batch."""
        for prediction in predictions:
            self._file.write(json.dumps(vars(prediction)).encode() + b"\n")
            self.done += 1
            if self.done % self._batch_rows == 0:
                self._file.flush()
            yield prediction
        self._file.flush()


def read_log(path: Path) -> Iterator[Prediction]:
    """Read the predictions of a :class:`PredictionLog` that is whole."""
    with path.open("rb") as file:
        file.readline()
        for line in file:
            yield Prediction(**json.loads(line))
