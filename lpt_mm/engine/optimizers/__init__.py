"""Optimizer wrappers, and schedules of the learning rate."""

from lpt_mm.engine.optimizers.bfloat16_gnm_optim_wrapper import BFloat16GNMOptimWrapper
from lpt_mm.engine.optimizers.bfloat16_optim_wrapper import BFloat16OptimWrapper
from lpt_mm.engine.optimizers.gnm_optim_wrapper import GNMOptimWrapper
from lpt_mm.engine.optimizers.warmup_lr import WarmupLR

__all__ = [
    "BFloat16GNMOptimWrapper",
    "BFloat16OptimWrapper",
    "GNMOptimWrapper",
    "WarmupLR",
]
