"""Features of several models side by side."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from mmengine.config import Config
from rich.console import Console
from rich.table import Table

from lpt_mm.evaluation.metrics import SHOT_GROUPS, ShotGroups
from lpt_mm.features.extraction import Features, extract_features
from lpt_mm.features.picture import draw_features
from lpt_mm.features.projection import (
    ImageSelection,
    align,
    project_lda,
    project_tsne,
    select_images,
)
from lpt_mm.features.quality import (
    DEFINITIONS,
    FeatureQuality,
    measure_features,
)
from lpt_mm.utils.text import for_picture, for_rich, printable


@dataclass
class FeatureComparison:
    """Features of several models on the same images.

    Args:
        shot_groups: How classes are grouped.
        num_neighbors: How many training images vote in K-NN.
        qualities: What was measured by name of the model.
        projections: Coordinates (number of images, 2) of the shown images by LDA and by
            t-SNE, by name of the model; empty without a picture.
        selection: The images that the picture shows.
        features: Those of the last model; the labels are those of all.
    """

    shot_groups: ShotGroups
    num_neighbors: int
    qualities: dict[str, FeatureQuality] = field(default_factory=dict)
    projections: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    selection: ImageSelection | None = None
    features: Features | None = None

    def add(self, name: str, features: Features, with_picture: bool) -> None:
        """Measure the features of one more model.

        Args:
            name: Name of the model.
            features: Its features.
            with_picture: Whether to project them, too.

        Raises:
            ValueError: If they are of other images than those of the models before.
        """
        before = self.features
        if before is not None and not (
            np.array_equal(before.test_label, features.test_label)
            and np.array_equal(before.train_label, features.train_label)
        ):
            raise ValueError(
                f"{printable(name)} has other training or test images than the "
                "models before: compare models of one data set"
            )
        self.features = features
        self.qualities[name] = measure_features(
            features, self.shot_groups, self.num_neighbors
        )
        if with_picture:
            self.selection = self.selection or select_images(features, self.shot_groups)
            points = (
                project_lda(features, self.selection),
                project_tsne(features, self.selection),
            )
            first = next(iter(self.projections.values()), points)
            self.projections[name] = tuple(map(align, points, first))

    def as_dict(self) -> dict:
        """Return the numbers for JSON.

        Returns:
            Definitions and settings, and the numbers of each model.
        """
        return dict(
            definitions=DEFINITIONS,
            num_neighbors=self.num_neighbors,
            shot_groups=str(self.shot_groups),
            models={name: q.as_dict() for name, q in self.qualities.items()},
        )

    def draw(self, path: str | Path) -> None:
        """Draw the projections.

        Args:
            path: PNG to write.

        Raises:
            FileExistsError: If there is something of that name; it is left alone.
        """
        titles = {}
        for name, quality in self.qualities.items():
            accuracy = f"{self.num_neighbors}-NN {quality.knn['overall']:.1f} %"
            title = f"{for_picture(name)}\n{accuracy}, gamma {quality.gamma:.2f}"
            titles[title] = self.projections[name]
        label = self.features.test_label[self.selection.images]
        draw_features(titles, self.selection, label, self.features.class_names, path)

    def print(self) -> None:
        """Print a table, a row for each model, and what its columns are."""
        table = Table(title=f"Features; {self.shot_groups}")
        table.add_column("", overflow="fold")
        accuracy = f"{self.num_neighbors}-NN %"
        for column in (accuracy, *SHOT_GROUPS, "intra", "inter", "gamma"):
            table.add_column(column, justify="right", no_wrap=True)
        for name, quality in self.qualities.items():
            accuracies = (quality.knn.get(key) for key in ("overall", *SHOT_GROUPS))
            distances = (quality.intra, quality.inter, quality.gamma)
            table.add_row(
                for_rich(name),
                *("-" if x is None else f"{x:.2f}" for x in accuracies),
                *(f"{x:.3f}" for x in distances),
            )
        console = Console()
        console.print(table)
        for name, definition in DEFINITIONS.items():
            console.print(f"{name}: {definition}", highlight=False)


def compare_features(
    cfgs: Mapping[str, Config],
    shot_groups: ShotGroups,
    num_neighbors: int,
    with_picture: bool,
) -> FeatureComparison:
    """Compare the features of models.

    Args:
        cfgs: Configs of tests by name of the model, see :func:`extract_features`.
        shot_groups: How classes are grouped.
        num_neighbors: How many training images vote in K-NN.
        with_picture: Whether to project the features, too.

    Returns:
        The comparison.

    Raises:
        ValueError: If the models are of different data sets.
    """
    comparison = FeatureComparison(shot_groups, num_neighbors)
    for name, cfg in cfgs.items():
        comparison.add(name, extract_features(cfg, name), with_picture)
    return comparison
