"""What the machine is, and what it could do at best."""

import os
import platform
from collections.abc import Callable
from pathlib import Path

import torch

MATRIX_SIZE = {"cpu": 3072, "cuda": 8192}


def matrix_product(
    dtype: torch.dtype, device: torch.device
) -> tuple[Callable[[], object], int]:
    """Make the yardstick, a product of square matrices, and count its operations."""
    size = MATRIX_SIZE[device.type]
    a, b = torch.randn(2, size, size, device=device).to(dtype)
    out = torch.empty_like(a)
    return lambda: torch.mm(a, b, out=out), 2 * size**3


def find_device() -> torch.device:
    """Choose the device to measure on: the GPU if there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def describe_machine() -> str:
    """Name what numbers were measured on: GPU or processor and threads, versions."""
    if find_device().type == "cuda":
        name = torch.cuda.get_device_name()
    else:
        info = Path("/proc/cpuinfo")
        lines = info.read_text().splitlines() if info.is_file() else []
        names = [line.split(": ", 1)[1] for line in lines if "model name" in line]
        processor = names[0] if names else platform.processor() or platform.machine()
        name = f"{processor}, {torch.get_num_threads()} of {os.cpu_count()} cores"
    return f"{name}, Python {platform.python_version()}, torch {torch.__version__}"
