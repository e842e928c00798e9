"""Classifiers."""

from lpt_mm.models.classifiers.lpt_classifier import LPTClassifier
from lpt_mm.models.classifiers.non_finite_loss import NonFiniteLossError

__all__ = ["LPTClassifier", "NonFiniteLossError"]
