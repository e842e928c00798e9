"""The arithmetic, the memory and the time of functions."""

import time
from collections.abc import Callable, Hashable, Mapping

import torch
from rich.progress import track
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

WARM_UP = 2


def count_flops(function: Callable[[], object]) -> int:
    """Count the floating point operations of matrix products, convolutions, attention.

    Additions and multiplications count as two. Compiled functions are run as they are.
    Older versions of torch leave out attention on CPU, 4 % of a transformer.
    """
    with torch.compiler.set_stance("force_eager"), FlopCounterMode(display=False) as c:
        function()
    return c.get_total_flops()


def peak_memory(function: Callable[[], object], device: torch.device) -> int:
    """Measure the bytes of tensors at the peak of a function that has run before."""
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


def time_in_turns(
    functions: Mapping[Hashable, Callable[[], object]],
    repeats: int,
    device: torch.device,
) -> dict[Hashable, list[float]]:
    """Time functions in turns, in seconds: a change of speed changes it for all."""
    seconds = {name: [] for name in functions}
    for turn in track(range(WARM_UP + repeats), description="measuring"):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            if device.type == "cuda":
                torch.cuda.synchronize(device)
            if turn >= WARM_UP:
                seconds[name].append(time.perf_counter() - start)
    return seconds
