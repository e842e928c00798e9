"""Times that can be compared: measured in turns, in one run."""

import time
from collections.abc import Callable, Hashable, Mapping

import torch
from rich.progress import track

WARM_UP = 2


def time_in_turns(
    functions: Mapping[Hashable, Callable[[], object]],
    repeats: int,
    device: torch.device,
) -> dict[Hashable, list[float]]:
    """Time functions by name, one after the other, again and again.

    A machine whose speed changes, changes it for all of them.

    Args:
        functions: What to time, by name.
        repeats: Timed runs of each, after two that are not timed.
        device: Device that the functions compute on.

    Returns:
        The seconds of each run by name.
    """
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
