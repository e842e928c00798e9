"""Features of several models side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from rich.console import Console

from lpt_mm.evaluation.metrics import SHOT_GROUPS, ShotGroups
from lpt_mm.features.extraction import Features, extract_features
from lpt_mm.features.picture import draw_features
from lpt_mm.features.projection import PROJECTIONS, align, select_images
from lpt_mm.features.quality import DEFINITIONS, measure_features
from lpt_mm.utils.errors import UserError
from lpt_mm.utils.tables import number_table
from lpt_mm.utils.text import for_picture, printable


@dataclass
class FeatureComparison:
    """Features of models by name on the same images, and what was measured of them."""

    shot_groups: ShotGroups
    num_neighbors: int
    features: dict[str, Features]
    qualities: dict[str, dict]

    def as_dict(self) -> dict:
        """Return definitions, settings and the numbers of each model for JSON."""
        return dict(
            definitions=DEFINITIONS,
            num_neighbors=self.num_neighbors,
            shot_groups=str(self.shot_groups),
            models=self.qualities,
        )

    def draw(self, path: str | Path) -> None:
        """Project the features, and draw them in a new PNG file."""
        first = next(iter(self.features.values()))
        selection = select_images(first, self.shot_groups)
        projections = {}
        for name, quality in self.qualities.items():
            points = [p(self.features[name], selection) for p in PROJECTIONS.values()]
            accuracy = f"{self.num_neighbors}-NN {quality['knn']['overall']:.1f} %"
            title = f"{for_picture(name)}\n{accuracy}, gamma {quality['gamma']:.2f}"
            reference = next(iter(projections.values()), points)
            projections[title] = tuple(map(align, points, reference))
        label = first.test_label[selection.images]
        draw_features(projections, selection, label, first.class_names, path)

    def print(self) -> None:
        """Print a table, a row for each model, and what its columns are."""
        distances = ("intra", "inter", "gamma")
        columns = ("", f"{self.num_neighbors}-NN %", *SHOT_GROUPS, *distances)
        rows = []
        for name, quality in self.qualities.items():
            knn = (quality["knn"].get(key) for key in ("overall", *SHOT_GROUPS))
            cells = [None if x is None else f"{x:.2f}" for x in knn]
            rows.append((name, *cells, *(f"{quality[key]:.3f}" for key in distances)))
        console = Console()
        console.print(number_table(f"Features; {self.shot_groups}", columns, rows))
        for name, definition in DEFINITIONS.items():
            console.print(f"{name}: {definition}", highlight=False)


def compare_features(
    cfgs: Mapping[str, Config], shot_groups: ShotGroups, num_neighbors: int
) -> FeatureComparison:
    """Compare models by name on one data set, see :func:`extract_features`."""
    comparison = FeatureComparison(shot_groups, num_neighbors, {}, {})
    for name, cfg in cfgs.items():
        features = extract_features(cfg, name)
        if not all(map(features.has_images_of, comparison.features.values())):
            raise UserError(
                f"{printable(name)} has other training or test images than the "
                "models before: compare models of one data set"
            )
        comparison.features[name] = features
        comparison.qualities[name] = measure_features(
            features, shot_groups, num_neighbors
        )
    return comparison
