"""The pictures of a page, drawn by the rooms that they are of."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from markupsafe import Markup

from lpt_mm.evaluation.accuracy_picture import draw_accuracy_over_frequency
from lpt_mm.evaluation.reliability_picture import draw_reliability
from lpt_mm.evaluation.shot_confusion_picture import draw_shot_confusion
from lpt_mm.matching.picture import draw_matching
from lpt_mm.report_page.outcome import Outcome
from lpt_mm.report_page.thumbnails import data_uri
from lpt_mm.sweep.curves import draw_curves, logged_panels, read_log


@dataclass
class Picture:
    """A picture as a data URI, and what it shows in words."""

    source: Markup
    alt: str


def draw_pictures(outcome: Outcome, name: str, folder: Path | None) -> dict:
    """Draw what there is to draw.

    Args:
        outcome: Of the test.
        name: What the model is called.
        folder: Where the checkpoint lies, perhaps beside the log of its training.

    Returns:
        Pictures by name: ``accuracy``, ``confusion``, ``reliability`` (if there are
        scores), ``matching`` (with group prompts), ``curves`` (with a log).
    """
    reports = {name: outcome.report}
    pictures = dict(
        accuracy=_draw(
            "Accuracy of each class above its number of training images, most frequent "
            "class first; the table of classes has the numbers.",
            *(draw_accuracy_over_frequency, reports),
        ),
        confusion=_draw(
            "Heat map: share of the images of each shot group that were taken for each "
            "group.",
            *(draw_shot_confusion, reports),
        ),
    )
    if outcome.has_confidence:
        pictures["reliability"] = _draw(
            "Share of the images that is right in fifteen bins of confidence, beside "
            "the diagonal where both are equal; below it the images of each bin.",
            *(draw_reliability, outcome.confidence),
            outcome.label == outcome.prediction,
        )
    if outcome.matching:
        pictures["matching"] = _draw(
            "Heat map: share of the matches of each class, most frequent first, that "
            "each group of prompts has.",
            *(draw_matching, outcome.matching),
        )
    if folder and logged_panels([read_log(folder)]):
        pictures["curves"] = _draw(
            "Losses, learning rate and beta, and use of the pool over the steps of the "
            "training.",
            *(draw_curves, {"training": [folder]}),
        )
    return pictures


def _draw(alt: str, draw: Callable[..., None], *facts: object) -> Picture:
    """Draw into a file, as all pictures are, and keep its content."""
    with TemporaryDirectory() as scratch:
        path = Path(scratch) / "picture.png"
        draw(*facts, path)
        return Picture(data_uri(path.read_bytes(), "png"), alt)
