"""Features of several models side by side."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from mmengine.config import Config
from rich.console import Console
from rich.table import Table

from lpt_mm.evaluation.metrics import SHOT_GROUPS, ShotGroups
from lpt_mm.features.extraction import Features, extract_features
from lpt_mm.features.picture import draw_features
from lpt_mm.features.projection import align, project, select_images
from lpt_mm.features.quality import DEFINITIONS, FeatureQuality, measure_features
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.text import for_picture, for_rich, printable


@dataclass
class FeatureComparison:
    """Features of several models on the same images.

    Args:
        shot_groups: How classes are grouped.
        num_neighbors: How many training images vote in K-NN.
        features: The features by name of the model.
        qualities: What was measured of them.
    """

    shot_groups: ShotGroups
    num_neighbors: int
    features: dict[str, Features]
    qualities: dict[str, FeatureQuality]

    def as_dict(self) -> dict:
        """Return definitions, settings and the numbers of each model for JSON."""
        return dict(
            definitions=DEFINITIONS,
            num_neighbors=self.num_neighbors,
            shot_groups=str(self.shot_groups),
            models={name: asdict(q) for name, q in self.qualities.items()},
        )

    def draw(self, path: str | Path) -> None:
        """Project the features, and draw them in a new PNG file."""
        first = next(iter(self.features.values()))
        selection = select_images(first, self.shot_groups)
        projections = {}
        for name, quality in self.qualities.items():
            points = project(self.features[name], selection)
            accuracy = f"{self.num_neighbors}-NN {quality.knn['overall']:.1f} %"
            title = f"{for_picture(name)}\n{accuracy}, gamma {quality.gamma:.2f}"
            reference = next(iter(projections.values()), points)
            projections[title] = tuple(map(align, points, reference))
        label = first.test_label[selection.images]
        draw_features(projections, selection, label, first.class_names, path)

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
    cfgs: Mapping[str, Config], shot_groups: ShotGroups, num_neighbors: int
) -> FeatureComparison:
    """Compare the features of models; of several data sets it is a ``ValueError``.

    Args:
        cfgs: Configs of tests by name of the model, see :func:`extract_features`.
        shot_groups: How classes are grouped.
        num_neighbors: How many training images vote in K-NN.

    Returns:
        The comparison.
    """
    comparison = FeatureComparison(shot_groups, num_neighbors, {}, {})
    for name, cfg in cfgs.items():
        features = extract_features(cfg, name)
        if not all(map(features.has_images_of, comparison.features.values())):
            raise UserError(
                f"{printable(name)} has other training or test images than the "
                "models before: compare models of one data set"
            )
        quality = measure_features(features, shot_groups, num_neighbors)
        comparison.features[name] = features
        comparison.qualities[name] = quality
    return comparison
