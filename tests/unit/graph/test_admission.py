"""Turns of reads: small before large, callers in turn, and a refusal instead of an endless wait."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from hub.graph.execution.admission import LARGE_ROWS, TURN_OF_LARGE, Overloaded, ReadAdmission

SMALL = 1


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Reads:
    """Reads that go on until they are let go, and the order in which they began."""

    def __init__(self, admission: ReadAdmission) -> None:
        self.admission = admission
        self.began: list[str] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ends: dict[str, asyncio.Event] = {}

    async def start(self, name: str, rows: int, caller: str = "") -> None:
        self._ends[name] = asyncio.Event()
        self._tasks[name] = asyncio.create_task(self._read(name, rows, caller))
        await settle()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await self._tasks[name]
        await settle()

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await settle()

    async def _read(self, name: str, rows: int, caller: str) -> None:
        turn = await self.admission.take_turn(rows, caller)
        try:
            self.began.append(name)
            await self._ends[name].wait()
        finally:
            self.admission.end_turn(turn)


def test_large_reads_leave_half_of_the_connections_to_small_ones() -> None:
    async def work() -> None:
        reads = Reads(ReadAdmission(4))
        for number in range(4):
            await reads.start(f"large {number}", LARGE_ROWS)
        await reads.start("small", SMALL)
        assert reads.began == ["large 0", "large 1", "small"]
        await reads.end("small")
        await reads.end("large 0")
        assert reads.began[3:] == ["large 2"]
        for name in ("large 1", "large 2", "large 3"):
            await reads.end(name)
        assert (reads.admission.small.length, reads.admission.large.length) == (0, 0)

    run(work())


def test_callers_take_turns() -> None:
    async def work() -> None:
        reads = Reads(ReadAdmission(1))
        await reads.start("first", SMALL, "app")
        for number in range(3):
            await reads.start(f"app {number}", SMALL, "app")
        await reads.start("officer 0", SMALL, "officer")
        for name in ("first", "app 0", "officer 0", "app 1", "app 2"):
            await reads.end(name)
        assert reads.began == ["first", "app 0", "officer 0", "app 1", "app 2"]

    run(work())


def test_a_large_read_gets_its_turn_though_small_ones_keep_coming() -> None:
    async def work() -> None:
        reads = Reads(ReadAdmission(1))
        await reads.start("0", SMALL)
        await reads.start("large", LARGE_ROWS)
        for number in range(1, 2 * TURN_OF_LARGE):
            await reads.start(str(number), SMALL)
        for name in [str(number) for number in range(TURN_OF_LARGE + 1)]:
            await reads.end(name)
        assert reads.began[-1] == "large"
        await reads.end("large")
        for number in range(TURN_OF_LARGE + 1, 2 * TURN_OF_LARGE):
            await reads.end(str(number))

    run(work())


def test_a_read_that_cannot_begin_in_time_is_refused_and_leaves_no_trace() -> None:
    async def work() -> None:
        reads = Reads(ReadAdmission(1, wait_within_s=0.05))
        await reads.start("first", SMALL)
        with pytest.raises(Overloaded) as refused:
            await reads.admission.take_turn(SMALL, "x")
        assert refused.value.extensions == {"code": "OVERLOADED", "retryAfterS": 1}
        assert (reads.admission.refused, reads.admission.small.length) == (1, 0)
        await reads.end("first")
        await reads.start("next", SMALL)
        assert reads.began == ["first", "next"]
        await reads.end("next")

    run(work())


def test_more_than_may_wait_are_refused_at_once() -> None:
    async def work() -> None:
        reads = Reads(ReadAdmission(1, max_waiting=1))
        await reads.start("first", SMALL)
        await reads.start("second", SMALL)
        with pytest.raises(Overloaded):
            await reads.admission.take_turn(SMALL, "x")
        await reads.end("first")
        await reads.end("second")

    run(work())


def test_a_caller_who_goes_away_loses_its_turn_to_the_next() -> None:
    async def work() -> None:
        reads = Reads(ReadAdmission(1))
        await reads.start("first", LARGE_ROWS)
        for name in ("gone", "next"):
            await reads.start(name, LARGE_ROWS, name)
        await reads.cancel("gone")
        await reads.cancel("first")
        assert reads.began == ["first", "next"]
        await reads.end("next")

    run(work())


def test_a_turn_that_comes_with_the_cancellation_is_given_back() -> None:
    async def work() -> None:
        admission = ReadAdmission(1)
        reads = Reads(admission)
        await reads.start("first", SMALL)
        await reads.start("gone", SMALL)
        reads._tasks["gone"].cancel()
        await reads.end("first")
        await reads.start("next", SMALL)
        assert reads.began == ["first", "next"]
        await reads.end("next")

    run(work())
