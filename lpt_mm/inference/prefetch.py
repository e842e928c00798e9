"""Work done ahead, in threads, by the time its results are asked for."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from lpt_mm.utils.cores import num_cores

MOST_THREADS = 16
Item = TypeVar("Item")
Result = TypeVar("Result")


def prefetched(
    items: Iterable[Item], work: Callable[[Item], Result], ahead: int
) -> Iterator[Result]:
    """Do something to each of many items, a limited number of them ahead.

    Decoders and resizing let other threads run, the model's products too.

    Args:
        items: The items, which are taken one by one.
        work: What is done to each.
        ahead: How many results may wait.

    Yields:
        The results, in the order of the items.
    """
    threads = min(num_cores(), MOST_THREADS)
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="images")
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
