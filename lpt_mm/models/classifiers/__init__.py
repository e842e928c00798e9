"""Classifiers."""

from lpt_mm.models.classifiers.lpt_classifier import LPTClassifier

__all__ = ["LPTClassifier"]
