"""Samplers of long-tailed training sets."""

from lpt_mm.datasets.samplers.class_balanced_sampler import ClassBalancedSampler
from lpt_mm.datasets.samplers.dual_sampler import DualSampler
from lpt_mm.datasets.samplers.instance_balanced_sampler import InstanceBalancedSampler
from lpt_mm.datasets.samplers.square_root_sampler import SquareRootSampler

__all__ = [
    "ClassBalancedSampler",
    "DualSampler",
    "InstanceBalancedSampler",
    "SquareRootSampler",
]
