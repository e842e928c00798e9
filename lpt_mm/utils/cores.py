"""How many cores this process may use."""

import os


def num_cores() -> int:
    """Count the cores of this process, of which a container may have few.

    Returns:
        At least 1. Only Linux tells what a process may use; elsewhere all count.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
