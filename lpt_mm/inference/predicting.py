"""Predictions of any number of images, by one process or several, into one table."""

import glob
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TypeVar

from torch import distributed

from lpt_mm.inference.contact_sheets import draw_contact_sheets
from lpt_mm.inference.images import name_of
from lpt_mm.inference.prediction import Prediction
from lpt_mm.inference.prediction_log import PredictionLog, read_log
from lpt_mm.inference.prediction_table import FURTHER, require_format, write_table
from lpt_mm.inference.predictor import Predictor
from lpt_mm.inference.sources import ImageSources
from lpt_mm.inference.tasks import Tasks
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import require_new
from lpt_mm.utils.progress import progress_bar
from lpt_mm.utils.text import printable

WAIT = timedelta(days=7)  # for processes on slower devices
Item = TypeVar("Item")


class Share:
    """The part of one process in the work of all: every so-many-th batch.

    Args:
        out: The table of all.
        batch_size: Images of a batch.
    """

    def __init__(self, out: Path, batch_size: int) -> None:
        self.rank = int(os.environ.get("RANK", 0))
        self.of = int(os.environ.get("WORLD_SIZE", 1))
        self.batch_size = batch_size
        ends = [""] if self.of == 1 else [f"{i}of{self.of}" for i in range(self.of)]
        self.logs = [out.with_name(f"{out.name}.part{end}") for end in ends]
        for path in out.parent.glob(f"{glob.escape(out.name)}.part*"):
            if path not in self.logs:
                raise UserError(
                    f"'{printable(path)}' is of a run with another number of "
                    "processes: go on with as many, or remove it"
                )

    @property
    def log(self) -> Path:
        """The file of this process."""
        return self.logs[self.rank]

    def take(self, items: Iterable[Item]) -> Iterator[Item]:
        """Give the items of this process."""
        for i, item in enumerate(items):
            if i // self.batch_size % self.of == self.rank:
                yield item

    def meet(self) -> None:
        """Wait for the other processes."""
        if self.of == 1:
            return
        if not distributed.is_initialized():
            distributed.init_process_group("gloo", timeout=WAIT)
        distributed.barrier()


def predict_to_file(
    predictor: Predictor | Tasks,
    sources: ImageSources,
    out: str | os.PathLike,
    facts: Mapping[str, object],
    batch_size: int = 32,
    top: int = 5,
    strict: bool = False,
    resume: bool = False,
    pictures: str | os.PathLike | None = None,
) -> str | None:
    """Predict, and write a table.

    Processes that torchrun has started share the images; ``out`` must then be in a
    folder that all of them reach.

    Args:
        predictor: The model, or the tasks: then there is a row for each image and task.
        sources: The images.
        out: New file, ``.csv``, ``.json`` (JSON lines) or ``.parquet``. Until all is
            done there is ``OUT.part`` beside it.
        facts: What tells this model from others, where a run goes on.
        batch_size: Images that are computed at a time.
        top: Classes of each image.
        strict: Whether an image that cannot be read is an error.
        resume: Whether to go on with an interrupted run.
        pictures: New folder of contact sheets; of tasks with a folder for each.

    Returns:
        What was done, in one line; None in all processes but the first.

    Raises:
        FileExistsError: If the table is there already.
        UnreadableImageError: If ``strict``, and an image cannot be read.
        UserError: If there is nothing to predict, or an interrupted run had other
            images or options.
    """
    out = Path(out)
    require_format(out)
    require_new(out)
    _require_new_folder(pictures, resume)
    share = Share(out, batch_size)
    models = predictor if isinstance(predictor, Tasks) else {None: predictor}
    top = min(top, max(len(model.class_names) for model in models.values()))
    facts = dict(facts, batch_size=batch_size, top=top)
    total = sources.count()
    with PredictionLog(share.log, facts, batch_size * len(models), resume) as log:
        _predict_share(predictor, sources, share, log, total, top, strict)
    share.meet()
    if share.rank > 0:
        return None

    def predictions() -> Iterator[Prediction]:
        return _in_order(share.logs, batch_size * len(models))

    if sum(1 for _ in predictions()) != total * len(models):
        raise _other_images(share.logs[0])
    unread = _count_unread(predictions(), len(models))
    if pictures is not None:
        for name in models:
            of_task = (x for x in predictions() if x.task == name)
            draw_contact_sheets(Path(pictures, name or ""), sources, of_task, resume)
    asked = {x for model in models.values() for x in model.classes.answering.columns}
    further = [name for name in FURTHER if name in asked]
    has_tasks = isinstance(predictor, Tasks)
    write_table(out, predictions(), top, has_tasks, further=further)
    for path in share.logs:
        path.unlink()
    said = f"{total:,} images, {unread:,} of them unreadable: {printable(out)}"
    ensembles = dict.fromkeys(model.views.ensemble for model in models.values())
    return "; ".join([said, *map(str, filter(None, ensembles))])


def _require_new_folder(path: str | os.PathLike | None, resume: bool) -> None:
    if path is not None and os.path.lexists(path) and not resume:
        raise FileExistsError(
            f"'{printable(path)}' exists: name a new folder for the pictures"
        )


def _predict_share(
    predictor: Predictor | Tasks,
    sources: ImageSources,
    share: Share,
    log: PredictionLog,
    total: int,
    top: int,
    strict: bool,
) -> None:
    """Predict what this process has to, beyond what is in its log."""
    rows = len(predictor) if isinstance(predictor, Tasks) else 1  # of an image
    expected = sum(1 for _ in share.take(range(total)))
    with progress_bar(unit="images", disable=share.rank > 0) as bar:
        done = log.done // rows
        task = bar.add_task("predicting", total=expected, completed=done)
        images = iter(share.take(sources))
        _skip(images, log, rows)
        answers = predictor.stream(images, share.batch_size, top, strict)
        try:
            for i, _ in enumerate(log.add(_each(answers)), 1):
                bar.advance(task, i % rows == 0)
        except KeyboardInterrupt as interrupt:
            raise KeyboardInterrupt(
                f"stopped after {log.done // rows:,} images; go on with --resume"
            ) from interrupt
    if log.done != expected * rows:
        raise _other_images(log.path)


def _each(answers: Iterable[Prediction | dict[str, Prediction]]) -> Iterator:
    """Give predictions one by one, of tasks in their order."""
    for answer in answers:
        if isinstance(answer, dict):
            yield from answer.values()
        else:
            yield answer


def _count_unread(predictions: Iterator[Prediction], rows: int) -> int:
    """Count the images that a task could not read."""
    errors = (prediction.error is not None for prediction in predictions)
    return sum(any(of_image) for of_image in zip(*[errors] * rows, strict=True))


def _skip(images: Iterator, log: PredictionLog, rows: int) -> None:
    """Go past the images that are done, which must be the same."""
    for done in islice(read_log(log.path), 0, log.done, rows):
        image = next(images, None)
        if image is None or done.path != name_of(image):
            raise _other_images(log.path)


def _other_images(path: Path) -> UserError:
    return UserError(
        f"'{printable(path)}' is of other images than there are now: remove it to "
        "begin anew"
    )


def _in_order(logs: list[Path], rows: int) -> Iterator[Prediction]:
    """Put the parts of all processes together, the rows of a batch of each in turn."""
    parts = [read_log(path) for path in logs]
    while parts:
        for part in parts:
            batch = list(islice(part, rows))
            yield from batch
            if len(batch) < rows:
                return
