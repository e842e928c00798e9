"""A model for the engines that deal batches of a data set to many machines."""

import os
from collections.abc import Mapping

import numpy as np

from lpt_mm.inference.images import EncodedImage
from lpt_mm.inference.prediction_table import columns_of, row_of
from lpt_mm.inference.predictor import Predictor
from lpt_mm.utils.errors import UserError


class BatchPredictor:
    """Classify batches, dicts of arrays, as Ray Data's ``map_batches`` has them.

    Each worker builds one and keeps it; the arguments are what it is sent.

    Args:
        pack: Path of the pack, which every machine must reach.
        backbone: As of :func:`lpt_mm.load`.
        device: As of :func:`lpt_mm.load`.
        frozen_dtype: As of :func:`lpt_mm.load`.
        top: Classes of each image.
        tta: As of :func:`lpt_mm.load`.
    """

    def __init__(
        self,
        pack: str | os.PathLike,
        backbone: str | None = None,
        device: str | None = None,
        frozen_dtype: str | None = None,
        top: int = 5,
        tta: bool | None = None,
    ) -> None:
        self.predictor = Predictor.from_pack(pack, backbone, device, frozen_dtype, tta)
        self.top = min(top, len(self.predictor.class_names))

    def __call__(self, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Classify the images of a batch.

        Args:
            batch: Either ``path`` alone, or with it ``bytes``, the content of the
                files, as of ``ray.data.read_binary_files(include_paths=True)``; each
                of length n.

        Returns:
            The columns of ``tools/predict.py``, each of length n.

        Raises:
            UserError: If the batch has no paths.
        """
        if "path" not in batch:
            raise UserError(f"a batch has the column path, got {', '.join(batch)}")
        paths = map(str, batch["path"])
        images = list(
            map(EncodedImage, paths, batch["bytes"]) if "bytes" in batch else paths
        )
        columns = columns_of(self.top)
        rows = [row_of(x, columns) for x in self.predictor(images, top=self.top)]
        return {
            column: np.array([row[column] for row in rows], dtype=object)
            for column in columns
        }
