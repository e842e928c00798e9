"""The shot groups of a config."""

from collections.abc import Mapping

from mmengine.config import Config

from lpt_mm.evaluation.metrics import LongTailMetric, ShotGroups


def shot_groups_of(cfg: Config) -> ShotGroups:
    """Read the shot groups off the first ``LongTailMetric``, else the default ones."""
    for name in ("val_evaluator", "test_evaluator"):
        metrics = cfg.get(name) or []
        for metric in [metrics] if isinstance(metrics, Mapping) else metrics:
            if metric.get("type") in ("LongTailMetric", LongTailMetric):
                return ShotGroups(
                    metric.get("convention", "lpt"),
                    tuple(metric.get("thresholds", (20, 100))),
                )
    return ShotGroups()
