"""The training images that are nearest to an image."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from markupsafe import Markup
from torch import Tensor

from lpt_mm.collection.embedded_set import UNKNOWN, EmbeddedSet
from lpt_mm.datasets.transforms.image_file import UnreadableImageError
from lpt_mm.inference.images import to_rgb
from lpt_mm.models.numerics import unit
from lpt_mm.report_page.thumbnails import to_uri

NUMBER = 5  # of an image
LARGEST = 96  # pixels along the longer side


@dataclass(frozen=True)
class Neighbour:
    """An image of the embedded set, as near as its cosine says."""

    name: str | None  # of its class, if that is known
    cosine: float
    picture: Markup | None


@dataclass(frozen=True)
class NearestImages:
    """Find the images of an embedded set that are nearest to a feature.

    Args:
        feature: (N, D) of unit length.
        label: (N,) classes, -1 where unknown.
        path: The N files.
        class_names: Names of the classes.
        folder: Only files below it are opened for pictures: what else a set names is
            not, since a set may be somebody else's.
    """

    feature: Tensor
    label: np.ndarray
    path: list[str]
    class_names: Sequence[str]
    folder: str

    @classmethod
    def of(cls, embedded: EmbeddedSet, class_names: Sequence[str], folder: str) -> Self:
        """Take what is needed of an embedded set."""
        feature = unit(torch.from_numpy(embedded.feature), dim=1)
        return cls(feature, embedded.label, embedded.path, class_names, folder)

    def find(self, feature: np.ndarray) -> list[Neighbour]:
        """Find the nearest images.

        Args:
            feature: (1, D) float32 of an image.

        Returns:
            Five of them at most, the nearest first.
        """
        cosine = self.feature @ unit(torch.from_numpy(feature), dim=1)[0]
        nearest = cosine.argsort(descending=True, stable=True)[:NUMBER]
        return [
            Neighbour(
                self._class_of(self.label[i]),
                float(cosine[i]),
                self._picture_of(self.path[i]),
            )
            for i in nearest.tolist()
        ]

    def _class_of(self, label: int) -> str | None:
        return None if label == UNKNOWN else self.class_names[label]

    def _picture_of(self, path: str) -> Markup | None:
        """Read a file of the set; those in an archive or in none have no picture."""
        place = Path(os.path.abspath(path))
        if not place.is_relative_to(os.path.abspath(self.folder)):
            return None
        try:
            # Not as it stands: a link in it before '..' would lead elsewhere.
            return to_uri(to_rgb(os.fspath(place)), LARGEST)
        except UnreadableImageError:
            return None
