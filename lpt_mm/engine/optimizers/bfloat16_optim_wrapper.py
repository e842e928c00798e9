"""Mixed precision that works on GPU and CPU alike."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmpretrain.registry import OPTIM_WRAPPERS
from torch import nn

from lpt_mm.utils.errors import UserError

PREFIX = "BFloat16"


@OPTIM_WRAPPERS.register_module()
class BFloat16OptimWrapper(OptimWrapper):
    """Run the forward pass in bfloat16 autocast; weights stay in float32.

    bfloat16 has the range of float32, so that no loss scaling is needed. mmengine's
    ``AmpOptimWrapper`` refuses the CPU. Its arguments are those of ``OptimWrapper``.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Enable autocast on the model's device."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, torch.bfloat16):
            yield


def bfloat16_type(optim_wrapper: Mapping) -> str:
    """Name the wrapper that computes in bfloat16 in place of that of a config."""
    kind = optim_wrapper.get("type", "OptimWrapper")
    name = PREFIX + kind.removeprefix(PREFIX)
    if name not in OPTIM_WRAPPERS:
        raise UserError(
            "--amp takes the place of an OptimWrapper or GNMOptimWrapper, not of "
            f"{kind}"
        )
    return name
