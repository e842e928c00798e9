"""Times that can be compared: measured in turns, in one run."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from rich.progress import track

WARM_UP = 2


@dataclass(frozen=True)
class Timing:
    """The times of several runs of one function.

    Args:
        seconds: Seconds of each run.
    """

    seconds: list[float]

    @property
    def median(self) -> float:
        """Median in seconds."""
        return statistics.median(self.seconds)

    @property
    def spread(self) -> tuple[float, float]:
        """Fastest and slowest run, in seconds."""
        return min(self.seconds), max(self.seconds)


def time_in_turns(
    functions: Mapping[str, Callable[[], object]], repeats: int, device: torch.device
) -> dict[str, Timing]:
    """Time functions one after the other, again and again.

    A machine whose speed changes, changes it for all of them.

    Args:
        functions: What to time, by name.
        repeats: Timed runs of each, after two that are not timed.
        device: Device that the functions compute on.

    Returns:
        The times by name.
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
    return {name: Timing(times) for name, times in seconds.items()}
