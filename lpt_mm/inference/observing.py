"""Predictions by observation, of any number of images, into one table."""

import os
from collections.abc import Iterator
from pathlib import Path

from lpt_mm.datasets.image_groups import group_images
from lpt_mm.inference.prediction import Prediction
from lpt_mm.inference.prediction_table import require_format, write_table
from lpt_mm.inference.predictor import Predictor
from lpt_mm.inference.sources import ImageSources
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.new_file import require_new
from lpt_mm.utils.progress import progress_bar
from lpt_mm.utils.text import printable


def observe_to_file(
    predictor: Predictor,
    sources: ImageSources,
    out: str | os.PathLike,
    group_by: str,
    batch_size: int = 32,
    top: int = 5,
    strict: bool = False,
) -> str:
    """Predict, and write a table of a row for each observation.

    The paths of all images are gone through first, to know when an observation is
    complete; they are held meanwhile, and the name of its observation for each. A run
    that is interrupted leaves nothing.

    Args:
        predictor: The model.
        sources: The images.
        out: New file, as of ``predict_to_file``.
        group_by: What tells which images are of one observation, as of
            :func:`group_images`.
        batch_size: Images that are computed at a time.
        top: Classes of each observation.
        strict: Whether an image that cannot be read is an error.

    Returns:
        What was done, in one line.

    Raises:
        FileExistsError: If the table is there already.
        UnreadableImageError: If ``strict``, and an image cannot be read.
        UserError: If there is nothing to predict, or an image has no observation.
    """
    require_format(out)
    require_new(out)
    if int(os.environ.get("WORLD_SIZE", 1)) > 1:
        raise UserError(
            "--group-by needs the images of an observation in one process: run "
            "tools/predict.py without a launcher"
        )
    total = sources.count()
    names = group_images(list(sources.names()), group_by)
    top = min(top, len(predictor.class_names))
    number = unread = 0

    def predictions() -> Iterator[Prediction]:
        nonlocal number, unread
        with progress_bar(unit="images") as bar:
            task = bar.add_task("predicting", total=total)
            images = bar.track(sources, task_id=task)
            for answer in predictor.observe(images, names, batch_size, top, strict):
                number += 1
                unread += answer.error is not None
                yield answer

    further = predictor.classes.answering.columns
    write_table(out, predictions(), top, by_observation=True, further=further)
    said = f"{total:,} images of {number:,} observations, {unread:,} of them with an "
    return f"{said}error: {printable(Path(out))}"
