"""What a test says of each image, as a file beside its report."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import new_file
from lpt_mm.utils.text import printable


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
    label, prediction, confidence = predictions
    columns = dict(
        label=label.astype(np.int32),
        prediction=prediction.astype(np.int32),
        confidence=confidence.astype(np.float32),
    )
    with new_file(path) as file:
        save_file(columns, file)


def read_predictions(path: str | Path) -> Predictions:
    """Read what :func:`write_predictions` wrote; else it is a ``ValueError``."""
    try:
        found = load_file(path)
        read = Predictions(*(found[name] for name in Predictions._fields))
    except (SafetensorError, KeyError):
        raise UserError(f"'{printable(path)}' has no predictions of a test") from None
    if len({column.shape for column in read}) > 1 or read.label.ndim != 1:
        raise UserError(
            f"'{printable(path)}': labels and predictions do not go together"
        )
    return read
