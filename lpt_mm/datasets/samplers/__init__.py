"""Samplers for long-tailed training sets."""

from lpt_mm.datasets.samplers.class_balanced_sampler import ClassBalancedSampler
from lpt_mm.datasets.samplers.dual_sampler import DualSampler

__all__ = ["ClassBalancedSampler", "DualSampler"]
