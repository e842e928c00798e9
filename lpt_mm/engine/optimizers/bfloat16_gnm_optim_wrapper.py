"""Steps by the gradient at a noisy point, in mixed precision."""

from mmpretrain.registry import OPTIM_WRAPPERS

from lpt_mm.engine.optimizers.bfloat16_optim_wrapper import BFloat16OptimWrapper
from lpt_mm.engine.optimizers.gnm_optim_wrapper import GNMOptimWrapper


@OPTIM_WRAPPERS.register_module()
class BFloat16GNMOptimWrapper(GNMOptimWrapper, BFloat16OptimWrapper):
    """``GNMOptimWrapper`` whose forward pass runs in bfloat16 autocast.

    Its arguments are those of ``GNMOptimWrapper``.
    """
