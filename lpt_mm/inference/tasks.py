"""Many tasks on one backbone."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import torch

from lpt_mm.inference.batches import PreparedImage, read_together
from lpt_mm.inference.building import build_model
from lpt_mm.inference.class_table import require_positive
from lpt_mm.inference.components import check_components
from lpt_mm.inference.images import ImageLike
from lpt_mm.inference.prediction import Prediction
from lpt_mm.inference.predictor import Predictor
from lpt_mm.inference.shared_pass import SharedPass
from lpt_mm.inference.sharing import SharedBackbone, require_light
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import printable
from lpt_mm.weights.pack import read_pack

PackFile = str | os.PathLike


class Tasks(Mapping[str, Predictor]):
    """Classify images for many tasks whose models share one frozen backbone.

    ``tasks(images)["birds"]`` is what the predictor of the pack ``birds.safetensors``
    gives for the images, to the last bit: a list of a prediction per image. Images are
    read once; the models share the patch embedding and, where their shared prompts are
    the same, all layers up to their group prompts and the pass that gives the query.

    It is a mapping of names to predictors: ``tasks["birds"].embed(images)``,
    ``list(tasks)``, ``len(tasks)``.

    Args:
        packs: Packs by the names of their tasks, or packs alone, which are called as
            their files. All leave the same backbone out.
        backbone: As of :meth:`Predictor.from_pack`, like the others.
        device: Where to compute.
        frozen_dtype: What the frozen layers are computed in.
        tta: As of :class:`Views`, for each task.

    Raises:
        UserError: If a pack cannot be loaded or is of another backbone, two tasks have
            one name, or there is none.
    """

    def __init__(
        self,
        packs: Mapping[str, PackFile] | Iterable[PackFile],
        backbone: str | None = None,
        device: str | None = None,
        frozen_dtype: str | None = None,
        tta: bool | None = None,
    ) -> None:
        self._backbone = backbone
        self._device = device
        self._frozen_dtype = frozen_dtype
        self._tta = tta
        self._shared: SharedBackbone | None = None
        self._predictors: dict[str, Predictor] = {}
        self._views: list[_View] = []
        if isinstance(packs, Mapping):
            for name, pack in packs.items():
                self.add(pack, name)
        else:
            for pack in packs:
                self.add(pack)
        if not self:
            raise UserError("name one pack at least")

    def __getitem__(self, name: str) -> Predictor:
        """Give the predictor of one task."""
        return self._predictors[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names of the tasks."""
        return iter(self._predictors)

    def __len__(self) -> int:
        """Count the tasks."""
        return len(self._predictors)

    def add(self, pack: PackFile, name: str | None = None) -> None:
        """Add a task; the backbone is not read again.

        Args:
            pack: Its pack.
            name: What to call it; by default as the file.

        Raises:
            UserError: If there is a task of that name, or the pack cannot be loaded or
                is of another backbone.
        """
        name = Path(pack).stem if name is None else name
        if name in self:
            raise UserError(
                f"there is a task '{printable(name)}' already: give the one of "
                f"'{printable(pack)}' another name, by a dict or add(pack, name)"
            )
        content = read_pack(pack)
        check_components(content)
        require_light(content)
        if self._shared is None:
            model = build_model(content, self._backbone, self._frozen_dtype)
        else:
            model = self._shared.build_model(content, self._frozen_dtype)
        predictor = Predictor(model, content, self._device, name, self._tta)
        if self._shared is None:
            self._shared = SharedBackbone.of(predictor.model, content)
        self._predictors[name] = predictor
        self._views = _arrange(self._predictors)

    def remove(self, name: str) -> None:
        """Remove a task; the others and the backbone stay.

        Args:
            name: Its name.

        Raises:
            UserError: If there is no such task, or no other.
        """
        if name not in self:
            raise UserError(f"there is no task '{printable(name)}'")
        if len(self) == 1:
            raise UserError(f"'{printable(name)}' is the last task")
        del self._predictors[name]
        self._views = _arrange(self._predictors)

    def __call__(
        self,
        images: ImageLike | Iterable[ImageLike],
        batch_size: int = 32,
        top: int = 5,
        strict: bool = False,
    ) -> dict[str, list[Prediction]]:
        """Classify images; the arguments are those of :meth:`Predictor.stream`.

        Args:
            images: One image or more.
            batch_size: Images that are computed at a time.
            top: How many classes are named for each, if a task has so many.
            strict: Whether an image that cannot be read is an error.

        Returns:
            For each task a prediction for each image, in their order.
        """
        found: dict[str, list[Prediction]] = {name: [] for name in self}
        for predictions in self.stream(images, batch_size, top, strict):
            for name, prediction in predictions.items():
                found[name].append(prediction)
        return found

    def stream(
        self,
        images: ImageLike | Iterable[ImageLike],
        batch_size: int = 32,
        top: int = 5,
        strict: bool = False,
    ) -> Iterator[dict[str, Prediction]]:
        """Classify images of any number; tasks added meanwhile are not among the rest.

        Args:
            images: As in :meth:`__call__`, like the others.
            batch_size: Images that are computed at a time.
            top: How many classes are named for each, if a task has so many.
            strict: Whether an image that cannot be read is an error.

        Yields:
            For each image a prediction by each task.

        Raises:
            UnreadableImageError: If ``strict``, and an image cannot be read.
        """
        require_positive(top)
        names, views = list(self), self._views
        readers = [view.reader for view in views]
        for batches in read_together(readers, images, batch_size, strict):
            found: dict[str, list[Prediction]] = {}
            for view, batch in zip(views, batches, strict=True):
                found |= view.answer(batch, top)
            for i in range(len(batches[0])):
                yield {name: found[name][i] for name in names}


class _View:
    """The tasks that see images in the same way, after transforms and normalisation."""

    def __init__(self, predictors: Mapping[str, Predictor]) -> None:
        self._predictors = predictors
        self._first = next(iter(predictors.values()))
        self.reader = self._first.views.crop_reader
        models = {name: x.model for name, x in predictors.items()}
        configs = {name: x.pack.model["backbone"] for name, x in predictors.items()}
        self._run = SharedPass(models, configs)

    @torch.inference_mode()
    def answer(
        self, batch: list[PreparedImage], top: int
    ) -> dict[str, list[Prediction]]:
        logits = [dict(self._run(inputs)) for inputs in self._first.views.crops(batch)]
        found = {}
        for name, predictor in self._predictors.items():
            logit = predictor.views.average([of_crop[name] for of_crop in logits])
            found[name] = list(predictor.classes.read(batch, logit, top))
        return found


def _arrange(predictors: Mapping[str, Predictor]) -> list[_View]:
    views: dict[str, dict[str, Predictor]] = {}
    for name, predictor in predictors.items():
        pack, ensemble = predictor.pack, predictor.views.ensemble
        crops = None if ensemble is None else ensemble.facts()
        seen = [pack.pipeline, pack.data_preprocessor, crops]
        views.setdefault(json.dumps(seen, sort_keys=True), {})[name] = predictor
    return list(map(_View, views.values()))
