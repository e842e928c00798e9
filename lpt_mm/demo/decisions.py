"""Images of a folder, the least certain first, for somebody to say what is right."""

import csv
import os
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from threading import Lock

from lpt_mm.demo.cards import Card, answers_of
from lpt_mm.inference.images import to_rgb
from lpt_mm.inference.prediction import Prediction
from lpt_mm.inference.predictor import Predictor
from lpt_mm.inference.sources import ImageSources
from lpt_mm.report_page.thumbnails import to_uri
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import new_file, replace_file, require_new
from lpt_mm.utils.progress import progress_bar
from lpt_mm.utils.text import for_spreadsheet, printable

COLUMNS = ("path", "answer", "confidence", "shot_group", "correct_class")
LARGEST = 640  # pixels along the longer side of a picture
Row = Mapping[str, str]


def require_decisions(path: str, resume: bool) -> None:
    """Refuse a table of decisions that could not be written, before the work."""
    if resume and os.path.lexists(path):
        read_decisions(path)
    else:
        require_new(path)


def read_decisions(path: str) -> list[Row]:
    """Read the rows of a table of decisions.

    Args:
        path: CSV file.

    Returns:
        The rows.

    Raises:
        OSError: If there is no such file.
        UserError: If it is another table.
    """
    with open(path, newline="", encoding="utf-8-sig") as file:
        try:
            reader = csv.DictReader(file, strict=True)
            columns, rows = tuple(reader.fieldnames or ()), list(reader)
        except (csv.Error, UnicodeDecodeError) as error:
            raise UserError(f"'{printable(path)}' is no CSV file in UTF-8") from error
    if columns != COLUMNS or any(None in x for x in rows):
        raise UserError(
            f"'{printable(path)}' is no table of decisions, with the columns "
            f"{', '.join(COLUMNS)}: name another file"
        )
    return rows


class Decisions:
    """Images that wait for a decision, and the table of what was decided.

    The table is written anew after each decision, and is whole at any time.

    Args:
        predictor: The model, whose answers are looked at.
        folder: Folder of the images.
        path: CSV file of the decisions.
        resume: Whether to go on with it.

    Raises:
        OSError: If the file is there, and is not to be gone on with.
        UserError: If there is no image, or the file is another table.
    """

    def __init__(
        self, predictor: Predictor, folder: str, path: str, resume: bool = False
    ) -> None:
        self.pack = predictor.pack
        self._path = path
        self._lock = Lock()  # pages decide from threads
        predictions = _predict(predictor, folder)
        predictions.sort(key=lambda x: x.score)
        self._queue = predictions
        if not (resume and os.path.lexists(path)):
            with new_file(path) as file:
                file.write_bytes(_to_csv([]))
        self._rows = read_decisions(path)
        # Folders have several names: photos, photos/, ./photos.
        decided = {os.path.abspath(row["path"]) for row in self._rows}
        places = [os.path.abspath(_cell(x.path)) for x in predictions]
        self._decided = [place in decided for place in places]

    def __len__(self) -> int:
        """Count the images."""
        return len(self._queue)

    @property
    def number_decided(self) -> int:
        """Count the images that were decided on."""
        return sum(self._decided)

    def next(self) -> int | None:
        """Give the place of the first image that waits; None if none does."""
        return self._decided.index(False) if False in self._decided else None

    def card(self, place: int) -> Card:
        """Tell what is shown of an image."""
        said = self._queue[place]
        answers = answers_of(said, self.pack)
        try:
            picture = to_uri(to_rgb(said.path), LARGEST)
        except UserError as error:  # gone since
            return Card(said.path, None, str(error), answers)
        return Card(said.path, picture, None, answers)

    def decide(self, place: int, correct: int | None = None) -> None:
        """Write down what an image is of; the first decision on it holds.

        Args:
            place: Place of the image.
            correct: Index of its class; None if nobody knows more than that the answer
                is wrong.
        """
        said = self._queue[place]
        with self._lock:
            if self._decided[place]:  # on another page
                return
            name = "" if correct is None else self.pack.class_names[correct]
            group = said.shot_group or ""
            values = (said.path, said.name, f"{said.score:.6g}", group, name)
            cells = map(_cell, values)
            rows = [*self._rows, dict(zip(COLUMNS, cells, strict=True))]
            replace_file(self._path, _to_csv(rows))
            self._rows, self._decided[place] = rows, True

    def answer(self, place: int) -> int:
        """Give the index of the class that the model answers."""
        return self._queue[place].label


def _predict(predictor: Predictor, folder: str) -> list[Prediction]:
    """Classify the image files of a folder that can be read."""
    paths = [x for x in ImageSources([folder]) if isinstance(x, str)]
    with progress_bar(unit="images") as bar:
        images = bar.track(paths, description="predicting")
        found = [x for x in predictor.stream(images) if x.label is not None]
    if not found:
        raise UserError(f"there is no image to review in '{printable(Path(folder))}'")
    return found


def _cell(value: str) -> str:
    # Names of files need not be UTF-8.
    return for_spreadsheet(value.encode(errors="backslashreplace").decode())


def _to_csv(rows: list[Row]) -> bytes:
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
