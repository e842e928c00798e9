"""What a function costs besides time, and what the machine could do at best."""

import os
import platform
from collections.abc import Callable
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

MATRIX_SIZE = {"cpu": 3072, "cuda": 8192}


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


def matrix_product(
    dtype: torch.dtype, device: torch.device
) -> tuple[Callable[[], object], int]:
    """Make the yardstick: a product of square matrices.

    Args:
        dtype: What the model computes in.
        device: Device that it computes on.

    Returns:
        The product to time, and its floating point operations.
    """
    size = MATRIX_SIZE[device.type]
    a, b = torch.randn(2, size, size, device=device).to(dtype)
    out = torch.empty_like(a)
    return lambda: torch.mm(a, b, out=out), 2 * size**3


def find_device() -> torch.device:
    """Choose the device to measure on.

    Returns:
        The GPU if there is one.
    """
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def describe_machine() -> str:
    """Name what numbers were measured on.

    Returns:
        GPU or processor and threads, versions.
    """
    if find_device().type == "cuda":
        name = torch.cuda.get_device_name()
    else:
        name = f"{_processor()}, {torch.get_num_threads()} of {os.cpu_count()} cores"
    return f"{name}, Python {platform.python_version()}, torch {torch.__version__}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor() or platform.machine()
