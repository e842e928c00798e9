"""The arithmetic and the memory of a function."""

from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode


def count_flops(function: Callable[[], object]) -> int:
    """Count the floating point operations of matrix products, convolutions, attention.

    Additions and multiplications count as two. Compiled functions are run as they are.
    Older versions of torch leave out attention on CPU, 4 % of a transformer.
    """
    with torch.compiler.set_stance("force_eager"), FlopCounterMode(display=False) as c:
        function()
    return c.get_total_flops()


def peak_memory(function: Callable[[], object], device: torch.device) -> int:
    """Measure the bytes of tensors at a function's peak, above those before.

    Run the function once before.
    """
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        function()
        return torch.cuda.max_memory_allocated(device) - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        function()
    held = peak = 0
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]":  # positive: allocated, negative: freed
            held += event.nbytes()
            peak = max(peak, held)
    return peak
