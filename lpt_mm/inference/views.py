"""What a model is shown of an image: one view, or several crops to average over."""

from collections.abc import Iterable, Iterator, Sequence

import torch
from mmpretrain.models.classifiers import ImageClassifier
from torch import Tensor

from lpt_mm.engine.crop_ensemble import CropEnsemble
from lpt_mm.inference.batches import BatchReader, PreparedImage
from lpt_mm.inference.images import Preparation
from lpt_mm.weights.pack import Pack


class Views:
    """Read images for a model, and put together what it says of their crops.

    Args:
        model: The classifier.
        pack: What is known of it.
        tta: Whether to average over crops, those of the pack or else five with a room
            of 1.5 patches; by default if the pack says so.

    Attributes:
        prepare: The transforms of the test: ``prepare(image)`` is (C, H, W) uint8.
        reader: What runs them ahead of the model.
        ensemble: Which crops are averaged; None for one view.
        crop_reader: What cuts these; without them it is ``reader``.
    """

    def __init__(
        self, model: ImageClassifier, pack: Pack, tta: bool | None = None
    ) -> None:
        self._model = model
        size = getattr(model.backbone, "img_size", None)
        is_grey = pack.model["backbone"].get("in_channels", 3) == 1
        self.prepare = Preparation(pack.pipeline, pack.data_preprocessor, is_grey)
        self.reader = self.crop_reader = BatchReader(self.prepare, size)
        self.ensemble: CropEnsemble | None = None
        if tta if tta is not None else pack.tta:
            ensemble = CropEnsemble.of(model.backbone, **(pack.tta or {}))
            pipeline = ensemble.pipeline(pack.pipeline, model.backbone)
            crops = Preparation(pipeline, pack.data_preprocessor, is_grey)
            self.crop_reader = BatchReader(crops, size)
            self.ensemble = ensemble

    def whole(self, batch: Iterable[PreparedImage]) -> Tensor:
        """Put the images of a batch together.

        Args:
            batch: The images, of ``reader``, all of which could be read.

        Returns:
            (n, C, H, W) what the model takes, on its device.
        """
        return self._inputs(torch.stack([image.pixels for image in batch]))

    def crops(self, batch: Iterable[PreparedImage]) -> Iterator[Tensor]:
        """Put the images of a batch that could be read together, crop by crop.

        Args:
            batch: The images, of ``crop_reader``.

        Yields:
            (n, C, H, W) what the model takes, on its device: for each crop, once
            without an ensemble, and not at all if no image could be read.
        """
        pixels = [image.pixels for image in batch if image.pixels is not None]
        if pixels:
            images = torch.stack(pixels)
            parts = (images,) if self.ensemble is None else images.unbind(dim=1)
            yield from map(self._inputs, parts)

    def average(self, logits: Sequence[Tensor]) -> Tensor:
        """Put together what the model says of the crops.

        Args:
            logits: (n, C) of each.

        Returns:
            (n, C), or nothing of nothing.
        """
        if not logits:
            return torch.empty(0)
        return logits[0] if self.ensemble is None else self.ensemble.average(logits)

    def _inputs(self, pixels: Tensor) -> Tensor:
        return self._model.data_preprocessor(dict(inputs=pixels))["inputs"]
