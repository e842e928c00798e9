"""Several images of one thing on their way to one answer."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lpt_mm.inference.batches import PreparedImage
from lpt_mm.inference.class_table import ClassTable
from lpt_mm.inference.prediction import Prediction
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable


@dataclass
class _Open:
    """An observation some of whose images are still to come."""

    left: int  # images to come
    images: int = 0  # that could be read
    logit: Tensor | float = 0.0  # (C,) the sum of theirs
    unread: int = 0
    error: str | None = None  # of the first of these


class Observations:
    """Average logits over the images of each observation, in any order of the images.

    The mean of the logits gives the scores that the mean of the log-scores gives. Only
    observations are held of which some, but not all, images have come: one, where the
    images are in their order.

    Args:
        names: The observation of each image, in the order in which they will come.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = iter(names)
        self._totals = Counter(names)
        self._open: dict[str, _Open] = {}

    def add(
        self, batch: Iterable[PreparedImage], logit: Tensor
    ) -> Iterator[tuple[str, _Open]]:
        """Add the next images.

        Args:
            batch: The images.
            logit: (n, C) of those that could be read.

        Yields:
            The observations that are complete.

        Raises:
            UserError: If there are more images than names.
        """
        logits = iter(logit.float().cpu())
        for image in batch:
            if (name := next(self._names, None)) is None:
                raise UserError("there are more images than names of observations")
            found = self._open.setdefault(name, _Open(left=self._totals[name]))
            found.left -= 1
            if image.error is None:
                found.images += 1
                found.logit = found.logit + next(logits)
            else:
                found.unread += 1
                found.error = found.error or image.error
            if not found.left:
                yield name, self._open.pop(name)

    def require_complete(self) -> None:
        """Refuse names without an image, once all have come."""
        if (name := next(self._names, None)) is not None:
            raise UserError(
                f"there is no image for '{printable(name)}' and what comes after it"
            )


def read_observation(
    classes: ClassTable, name: str, found: _Open, top: int
) -> Prediction:
    """Say which classes are the likeliest for an observation."""
    error = None
    if found.unread:
        total = found.images + found.unread
        error = f"{found.unread} of {total} images could not be read: {found.error}"
    facts = dict(path=None, observation=name, images=found.images)
    if not found.images:
        return Prediction(error=error, **facts)
    logit = torch.as_tensor(found.logit / found.images)[None]
    (prediction,) = classes.read([PreparedImage(path=None)], logit, top)
    return replace(prediction, error=prediction.error or error, **facts)
