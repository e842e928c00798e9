"""The arithmetic of a function."""

from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode


def count_flops(function: Callable[[], object]) -> int:
    """Count the floating point operations of matrix products, convolutions, attention.

    Older versions of torch leave out attention on CPU, 4 % of a transformer.

    Args:
        function: What to count; compiled functions in it are run as they are.

    Returns:
        Additions and multiplications, counted as two.
    """
    with torch.compiler.set_stance("force_eager"), FlopCounterMode(display=False) as c:
        function()
    return c.get_total_flops()
