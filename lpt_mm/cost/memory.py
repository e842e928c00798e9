"""The memory that a function needs."""

from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile


def peak_memory(function: Callable[[], object], device: torch.device) -> int:
    """Measure what a function needs at its peak.

    Args:
        function: What to measure; run it once before.
        device: Device that it computes on.

    Returns:
        Bytes of tensors above those that were there before.
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
