"""Necks."""

from lpt_mm.models.necks.group_prompt_neck import GroupPromptNeck

__all__ = ["GroupPromptNeck"]
