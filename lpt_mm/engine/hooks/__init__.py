"""Hooks."""

from lpt_mm.engine.hooks.beta_schedule_hook import BetaScheduleHook
from lpt_mm.engine.hooks.class_count_hook import ClassCountHook
from lpt_mm.engine.hooks.plain_checkpoint_hook import PlainCheckpointHook

__all__ = ["BetaScheduleHook", "ClassCountHook", "PlainCheckpointHook"]
