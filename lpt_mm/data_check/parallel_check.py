"""Images checked on all cores, each read once."""

import multiprocessing
import os
import signal
import sys
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from torch.utils.data import Dataset

from lpt_mm.data_check.image_check import NO_DIGEST, check_image

LARGEST_PART = 256  # images
PARTS_PER_PROCESS = 64  # the last ones to work hold up the end by one part at most
LARGEST_INT = np.iinfo(np.int64).max  # in place of labels beyond, out of range alike
WAITING_PER_PROCESS = 4  # parts that are handed out ahead, to keep memory bounded

_datasets: Sequence[Dataset] = ()  # of a worker process


class CheckedPart(NamedTuple):
    """What was seen in consecutive images of a split.

    Args:
        split: Index of the data set.
        start: Index of the first image.
        labels: (n,) int64 class indices; -1 where there is none.
        digests: (2, n) uint64, 0 for an image without one.
        faults: Offset from ``start``, fault and reason of each image that has one.
    """

    split: int
    start: int
    labels: np.ndarray
    digests: np.ndarray
    faults: list[tuple[int, str, str]]


@contextmanager
def check_in_parts(
    datasets: Sequence[Dataset], processes: int | None = None
) -> Iterator[Iterator[CheckedPart]]:
    """Check all images of some data sets, in processes that exist on entry.

    The processes get ranges of indices, not paths: they have the data sets.

    Args:
        datasets: The data sets.
        processes: How many processes; by default one per core.

    Yields:
        Iterator over the parts, in order.
    """
    processes = processes or _cores()
    # Forked processes share the lists of the data sets and start at once. Elsewhere
    # than on Linux, forking is not safe or not possible.
    method = "fork" if sys.platform == "linux" else "spawn"
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(
        processes, context, initializer=_start_worker, initargs=(datasets,)
    ) as pool:
        # Starts the processes now, before the caller has threads (a progress bar).
        pool.submit(_cores).result()
        try:
            yield _run(pool, _parts(datasets, processes), processes)
        finally:
            pool.shutdown(cancel_futures=True)


def _run(
    pool: ProcessPoolExecutor, parts: Iterator[tuple[int, int, int]], processes: int
) -> Iterator[CheckedPart]:
    waiting = deque()
    try:
        for part in parts:
            waiting.append(pool.submit(check_part, *part))
            if len(waiting) >= WAITING_PER_PROCESS * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise OSError(
            "a process that checked images was ended: the memory did not suffice, or "
            "a file crashes the decoder"
        ) from error


def _parts(
    datasets: Sequence[Dataset], processes: int
) -> Iterator[tuple[int, int, int]]:
    """Divide the data sets: index of the data set, first image, end."""
    for split, dataset in enumerate(datasets):
        size = len(dataset) // (PARTS_PER_PROCESS * processes)
        size = min(max(size, 1), LARGEST_PART)
        for start in range(0, len(dataset), size):
            yield split, start, min(start + size, len(dataset))


def _start_worker(datasets: Sequence[Dataset]) -> None:
    global _datasets
    _datasets = datasets
    warnings.simplefilter("ignore")  # PIL's, of odd but readable files
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process ends the others


def check_part(split: int, start: int, stop: int) -> CheckedPart:
    """Check images of a data set of this worker process.

    Args:
        split: Index of the data set.
        start: Index of the first image.
        stop: Index after the last image.

    Returns:
        What was seen.
    """
    labels = np.empty(stop - start, dtype=np.int64)
    digests, faults = bytearray(), []
    for index in range(start, stop):
        info = _datasets[split].get_data_info(index)
        labels[index - start] = min(info.get("gt_label", -1), LARGEST_INT)
        check = check_image(info)
        digests += check.digest
        if check.fault:
            faults.append((index - start, check.fault, check.reason))
    pairs = np.frombuffer(digests, dtype=np.uint64).reshape(-1, len(NO_DIGEST) // 8)
    return CheckedPart(split, start, labels, pairs.T, faults)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
