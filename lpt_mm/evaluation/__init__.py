"""Evaluation."""

from lpt_mm.evaluation.metrics import LongTailMetric

__all__ = ["LongTailMetric"]
