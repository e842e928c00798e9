"""Losses for long-tailed training sets."""

from lpt_mm.models.losses.asymmetric_gcl_loss import AsymmetricGCLLoss

__all__ = ["AsymmetricGCLLoss"]
