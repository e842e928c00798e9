"""How many cores this process may use."""

import os


def num_cores() -> int:
    """Count the cores of this process; only Linux tells where a container has few."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
