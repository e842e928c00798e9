"""What a test says of each image, as a file beside its report."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import new_file
from lpt_mm.utils.text import printable

TYPES = dict(label=np.int32, prediction=np.int32, confidence=np.float32)


class Predictions(NamedTuple):
    """Of each test image, in the order of the data set: (number of images,) each."""

    label: np.ndarray
    prediction: np.ndarray
    confidence: np.ndarray  # share of the largest score; NaN without scores

    @property
    def correct(self) -> np.ndarray:
        """(number of images,) bool, whether an image is right."""
        return self.label == self.prediction


def predictions_beside(report: Path) -> Path:
    """Name the file of the predictions that a report was made from."""
    return report.with_suffix(".predictions.safetensors")


def write_predictions(path: str | Path, predictions: Predictions) -> None:
    """Write a new file; 12 bytes an image."""
    columns = {k: getattr(predictions, k).astype(kind) for k, kind in TYPES.items()}
    with new_file(path) as file:
        save_file(columns, file)


def read_predictions(path: str | Path) -> Predictions:
    """Read what :func:`write_predictions` wrote; else it is a ``ValueError``."""
    try:
        found = load_file(path)
        read = Predictions(*(found[name] for name in Predictions._fields))
    except (SafetensorError, KeyError, TypeError, AttributeError):  # numpy lacks a type
        raise UserError(f"'{printable(path)}' has no predictions of a test") from None
    are_fit = all(getattr(read, name).dtype == kind for name, kind in TYPES.items())
    are_fit = are_fit and len({column.shape for column in read}) == 1
    if not are_fit or read.label.ndim != 1 or (read.label < 0).any():
        raise UserError(
            f"'{printable(path)}': labels and predictions do not go together"
        )
    return read
