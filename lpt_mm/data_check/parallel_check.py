"""Images checked on all cores, each read once."""

import multiprocessing
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from torch.utils.data import Dataset

from lpt_mm.data_check.image_check import NO_DIGEST, check_image
from lpt_mm.utils.cores import num_cores

LARGEST_PART = 256  # images
PARTS_PER_PROCESS = 64  # the last ones to work hold up the end by one part at most
LARGEST_INT = np.iinfo(np.int64).max  # in place of labels beyond, out of range alike

_datasets: Sequence[Dataset] = ()  # of a worker process


class CheckedPart(NamedTuple):
    """What was seen in consecutive images of a data set."""

    split: int  # index of the data set
    start: int  # index of the first image
    labels: np.ndarray  # (n,) int64 class indices; -1 where there is none
    digests: np.ndarray  # (2, n) uint64, 0 for an image without one
    appearances: np.ndarray  # (n, bytes) uint8, 0 for an image without one
    faults: list[tuple[int, str, str]]  # offset, fault and reason of images


@contextmanager
def checked_parts(datasets: Sequence[Dataset]) -> Iterator[Iterator[CheckedPart]]:
    """Check all images of some data sets in parts, in order.

    The processes exist on entry, and get ranges of indices, not paths: they have the
    data sets. If one is ended by something else, that is an ``OSError``.
    """
    # Forked processes share the lists of the data sets and start at once. Elsewhere
    # than on Linux, forking is not safe or not possible.
    method = "fork" if sys.platform == "linux" else "spawn"
    context = multiprocessing.get_context(method)
    cores, ranges = num_cores(), []
    for split, dataset in enumerate(datasets):
        size = len(dataset) // (PARTS_PER_PROCESS * cores)
        size = min(max(size, 1), LARGEST_PART)
        for start in range(0, len(dataset), size):
            ranges.append((split, start, min(start + size, len(dataset))))
    with ProcessPoolExecutor(cores, context, _start_worker, (datasets,)) as pool:
        try:
            # Starts the processes now, before the caller has threads (a progress bar).
            yield pool.map(_check_part, *zip(*ranges, strict=True))
        except BrokenProcessPool as error:
            raise OSError(
                "a process that checked images was ended: the memory did not suffice, "
                "or a file crashes the decoder"
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


def _start_worker(datasets: Sequence[Dataset]) -> None:
    global _datasets
    _datasets = datasets
    warnings.simplefilter("ignore")  # PIL's, of odd but readable files
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process ends the others


def _check_part(split: int, start: int, stop: int) -> CheckedPart:
    """Check images of a data set of this worker process."""
    labels = np.empty(stop - start, dtype=np.int64)
    digests, appearances, faults = bytearray(), bytearray(), []
    for index in range(start, stop):
        info = _datasets[split].get_data_info(index)
        labels[index - start] = min(info.get("gt_label", -1), LARGEST_INT)
        check = check_image(info)
        digests += check.digest
        appearances += check.appearance
        if check.fault:
            faults.append((index - start, check.fault, check.reason))
    pairs = np.frombuffer(digests, dtype=np.uint64).reshape(-1, len(NO_DIGEST) // 8)
    looks = np.frombuffer(appearances, dtype=np.uint8).reshape(len(labels), -1)
    return CheckedPart(split, start, labels, pairs.T, looks, faults)
