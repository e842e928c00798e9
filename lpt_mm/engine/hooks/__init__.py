"""Hooks."""

from lpt_mm.engine.hooks.beta_schedule_hook import BetaScheduleHook
from lpt_mm.engine.hooks.class_count_hook import ClassCountHook
from lpt_mm.engine.hooks.data_check_hook import DataCheckHook
from lpt_mm.engine.hooks.epoch_seed_hook import EpochSeedHook
from lpt_mm.engine.hooks.plain_checkpoint_hook import PlainCheckpointHook

__all__ = [
    "BetaScheduleHook",
    "ClassCountHook",
    "DataCheckHook",
    "EpochSeedHook",
    "PlainCheckpointHook",
]
