"""The stopwatch of a thread: its own work counts, the collector's does not, whoever set it off."""

import gc
import threading
import time

from hub.plan.cpu_stopwatch import CpuStopwatch


def collection_s() -> float:
    """How long a full collection took of this thread."""
    began = time.thread_time()
    gc.collect()
    return time.thread_time() - began


def test_a_collection_costs_nothing() -> None:
    kept = [[number] for number in range(300_000)]
    with CpuStopwatch() as spent:
        began = spent.seconds
        took = collection_s()
        assert spent.seconds - began < took / 10
    assert kept


def test_work_counts() -> None:
    with CpuStopwatch() as spent:
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass
        assert spent.seconds >= 0.02


def test_a_collection_of_another_thread_is_not_taken_off() -> None:
    kept = [[number] for number in range(300_000)]
    with CpuStopwatch() as spent:
        began, own = spent.seconds, time.thread_time()
        other = threading.Thread(target=gc.collect)
        other.start()
        other.join()
        assert spent.seconds - began >= (time.thread_time() - own) / 2
    assert kept


def test_nothing_is_left_behind() -> None:
    before = list(gc.callbacks)
    with CpuStopwatch():
        assert len(gc.callbacks) == len(before) + 1
    assert gc.callbacks == before
