"""Metrics."""

from lpt_mm.evaluation.metrics.long_tail_metric import LongTailMetric, ShotGroups

__all__ = ["LongTailMetric", "ShotGroups"]
