"""Work done ahead."""

import threading
import time

import pytest

from lpt_mm.inference.prefetch import prefetched


def test_results_come_in_the_order_of_the_items():
    def work(i):
        time.sleep(0.002 * (i % 3))
        return i * i

    assert list(prefetched(range(30), work, ahead=5)) == [i * i for i in range(30)]
    assert list(prefetched([], work, ahead=5)) == []


def test_no_more_items_are_taken_than_may_wait():
    taken = []

    def items():
        for i in range(100):
            taken.append(i)
            yield i

    results = prefetched(items(), str, ahead=4)
    assert next(results) == "0"
    assert len(taken) == 5
    assert next(results) == "1"
    assert len(taken) == 6
    results.close()


def test_work_goes_on_while_nobody_asks():
    done = threading.Semaphore(0)

    def work(i):
        done.release()
        return i

    results = prefetched(range(10), work, ahead=3)
    next(results)
    for _ in range(4):
        assert done.acquire(timeout=20)
    results.close()


def test_errors_come_where_the_result_would():
    results = prefetched([2, 1, 0, 4], lambda i: 4 // i, ahead=10)
    assert [next(results), next(results)] == [2, 4]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_threads_end_with_whoever_asked():
    before = threading.active_count()
    results = prefetched(range(100), str, ahead=8)
    next(results)
    assert threading.active_count() > before
    results.close()
    assert threading.active_count() == before
