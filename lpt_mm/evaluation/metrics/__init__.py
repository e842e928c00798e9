"""Metrics."""

from lpt_mm.evaluation.metrics.long_tail_metric import LongTailMetric, shot_groups_of
from lpt_mm.evaluation.metrics.shot_groups import SHOT_GROUPS, ShotGroups

__all__ = ["SHOT_GROUPS", "LongTailMetric", "ShotGroups", "shot_groups_of"]
