"""Cosine probe: LPT's classifier and loss on the frozen transformer, no prompts."""

tuning = dict(backbone=dict(prompt_mode="none"))
