"""How well the features of a model tell classes apart, before and after tuning."""

from lpt_mm.features.comparison import FeatureComparison, compare_features
from lpt_mm.features.extraction import Features, extract_features, frozen_backbone

__all__ = [
    "FeatureComparison",
    "Features",
    "compare_features",
    "extract_features",
    "frozen_backbone",
]
