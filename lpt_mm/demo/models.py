"""The models of the page, and what they compute of a photo, once."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Self

from markupsafe import Markup
from torch import Tensor

from lpt_mm.collection.embedded_set import EmbeddedSet
from lpt_mm.datasets.transforms.image_file import read_content
from lpt_mm.demo.neighbours import NearestImages, Neighbour
from lpt_mm.inference.images import DecodedImage, EncodedImage, to_rgb
from lpt_mm.inference.predictor import Predictor
from lpt_mm.inference.tasks import Tasks
from lpt_mm.report_page.thumbnails import to_uri
from lpt_mm.utils.errors import UserError

LARGEST = 320  # pixels along the longer side of a picture


@dataclass(frozen=True)
class Finding:
    """What a model computes of a photo: all that is shown is read off this.

    Args:
        score: (1, C) before the softmax, on the CPU.
        neighbours: The nearest training images, if their set is there.
        groups: Which groups of prompts were matched, the most similar first.
    """

    score: Tensor
    neighbours: Sequence[Neighbour] = ()
    groups: Sequence[int] = ()


@dataclass(frozen=True)
class Photo:
    """A photo that was looked at, or why it cannot be.

    Args:
        name: What its file is called.
        picture: A small picture of it.
        found: What each task's model computes of it.
        error: Why there is none of that.
    """

    name: str
    picture: Markup | None = None
    found: Mapping[str, Finding] = field(default_factory=dict)
    error: str | None = None


class Models:
    """Models of one backbone, by the names of their tasks, or a single one.

    Args:
        predictors: The models.
        neighbours: Training images of those tasks whose set is there.
    """

    def __init__(
        self,
        predictors: Mapping[str, Predictor],
        neighbours: Mapping[str, NearestImages],
    ) -> None:
        self.predictors = predictors
        self._neighbours = neighbours
        self._lock = Lock()  # pages ask from threads

    @classmethod
    def open(
        cls,
        packs: Sequence[str],
        sets: Sequence[str] = (),
        folder: str = ".",
        backbone: str | None = None,
        device: str | None = None,
    ) -> Self:
        """Load packs, and the embedded sets of their training images.

        Args:
            packs: Files of packs; several share one backbone.
            sets: Folders of ``tools/inference/embed.py``, each of one of the packs.
            folder: As of :class:`NearestImages`.
            backbone: As of :func:`lpt_mm.load`.
            device: As of :func:`lpt_mm.load`.

        Returns:
            The models.

        Raises:
            UserError: If a pack cannot be loaded, or a set is of none of them.
        """
        predictors: Mapping[str, Predictor]
        if len(packs) == 1:
            one = Predictor.from_pack(packs[0], backbone, device)
            predictors = {Path(packs[0]).stem: one}
        else:
            predictors = Tasks(packs, backbone, device)
        neighbours: dict[str, NearestImages] = {}
        for path in sets:
            neighbours |= _read_set(path, predictors, folder)
        return cls(predictors, neighbours)

    def examine(self, path: str | os.PathLike) -> Photo:
        """Look at a photo.

        Args:
            path: Its file.

        Returns:
            What all models compute of it.
        """
        name = Path(path).name
        try:
            # Who reads of an error knows the file by its name, not by its place.
            encoded = EncodedImage(name, read_content(os.fspath(path)))
            image = DecodedImage(name, to_rgb(encoded))
            with self._lock:
                found = {task: self._compute(task, image) for task in self.predictors}
        except (OSError, UserError) as error:
            return Photo(name, error=str(error))
        return Photo(name, to_uri(image.rgb, LARGEST), found)

    def _compute(self, task: str, image: DecodedImage) -> Finding:
        predictor = self.predictors[task]
        ((_, score),) = predictor.logits(image, batch_size=1, strict=True)
        neighbours, groups = [], []
        if task in self._neighbours:
            neighbours = self._neighbours[task].find(predictor.embed(image))
        if predictor.model.with_neck:
            groups = predictor.matched_groups(image)[0].tolist()
        return Finding(score.float().cpu(), neighbours, groups)


def _read_set(
    path: str, predictors: Mapping[str, Predictor], folder: str
) -> dict[str, NearestImages]:
    """Read an embedded set for the tasks whose model it was computed with."""
    found: dict[str, NearestImages] = {}
    errors = []
    for task, predictor in predictors.items():
        try:
            embedded = EmbeddedSet.read(path, predictor.pack)
        except UserError as error:
            errors.append(error)
        else:
            found[task] = NearestImages.of(embedded, predictor.class_names, folder)
    if not found:
        raise errors[0]
    return found
