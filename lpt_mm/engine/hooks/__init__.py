"""Hooks."""

from lpt_mm.engine.hooks.beta_schedule_hook import BetaScheduleHook
from lpt_mm.engine.hooks.checkpoint_check_hook import CheckpointCheckHook
from lpt_mm.engine.hooks.choice_noise_hook import ChoiceNoiseHook
from lpt_mm.engine.hooks.class_count_hook import ClassCountHook
from lpt_mm.engine.hooks.config_check_hook import ConfigCheckHook
from lpt_mm.engine.hooks.crop_schedule_hook import CropScheduleHook
from lpt_mm.engine.hooks.data_check_hook import DataCheckHook
from lpt_mm.engine.hooks.deferred_reweight_hook import DeferredReweightHook
from lpt_mm.engine.hooks.feature_bank_hook import FeatureBankHook
from lpt_mm.engine.hooks.group_prompt_init_hook import GroupPromptInitHook
from lpt_mm.engine.hooks.head_init_hook import HeadInitHook
from lpt_mm.engine.hooks.key_init_hook import KeyInitHook
from lpt_mm.engine.hooks.launcher_hook import LauncherHook
from lpt_mm.engine.hooks.matching_hook import MatchingHook
from lpt_mm.engine.hooks.plain_checkpoint_hook import PlainCheckpointHook
from lpt_mm.engine.hooks.progress_hook import ProgressHook
from lpt_mm.engine.hooks.prompt_init_hook import PromptInitHook
from lpt_mm.engine.hooks.resume_hook import ResumeHook
from lpt_mm.engine.hooks.safe_checkpoint_hook import SafeCheckpointHook
from lpt_mm.engine.hooks.settings_check_hook import SettingsCheckHook
from lpt_mm.engine.hooks.start_hook import StartHook

__all__ = [
    "BetaScheduleHook",
    "CheckpointCheckHook",
    "ChoiceNoiseHook",
    "ClassCountHook",
    "ConfigCheckHook",
    "CropScheduleHook",
    "DataCheckHook",
    "DeferredReweightHook",
    "FeatureBankHook",
    "GroupPromptInitHook",
    "HeadInitHook",
    "KeyInitHook",
    "LauncherHook",
    "MatchingHook",
    "PlainCheckpointHook",
    "ProgressHook",
    "PromptInitHook",
    "ResumeHook",
    "SafeCheckpointHook",
    "SettingsCheckHook",
    "StartHook",
]
