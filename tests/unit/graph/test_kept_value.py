"""A value that is kept for a while: read once for all who ask, again before it is too old, and never given when it is."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hub.graph.execution.kept_value import AHEAD_SHARE, KeptValue

KEPT_S = 10.0


class Stage:
    """A clock that stands, and a store whose value is the number of the read. Reads wait while `gate` is closed."""

    def __init__(self) -> None:
        self.now, self.reads, self.failure = 100.0, 0, False
        self.gate = asyncio.Event()
        self.gate.set()
        self.kept = KeptValue(self.load, kept_s=KEPT_S, clock=lambda: self.now)

    async def load(self) -> int:
        self.reads += 1
        number = self.reads
        await self.gate.wait()
        if self.failure:
            raise OSError("gone")
        return number

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


def play(scene: Callable[[Stage], Awaitable[None]]) -> None:
    async def run() -> None:
        async with asyncio.timeout(60):
            await scene(Stage())

    asyncio.run(run())


def test_all_who_ask_at_once_wait_for_one_read() -> None:
    async def scene(stage: Stage) -> None:
        assert await asyncio.gather(*(stage.kept.current() for _ in range(50))) == [1] * 50
        assert await stage.kept.current() == 1
        assert stage.reads == 1

    play(scene)


@pytest.mark.parametrize(
    ("after_s", "reads"), [(0.0, 1), (KEPT_S * (1 - AHEAD_SHARE) - 0.1, 1), (KEPT_S * (1 - AHEAD_SHARE), 2)]
)
def test_it_is_read_ahead_in_the_last_part_of_its_time_and_nobody_waits(after_s: float, reads: int) -> None:
    async def scene(stage: Stage) -> None:
        await stage.kept.current()
        stage.now += after_s
        stage.gate.clear()
        assert await asyncio.gather(*(stage.kept.current() for _ in range(3))) == [1, 1, 1]
        await stage.settle()
        assert stage.reads == reads
        stage.gate.set()
        await stage.settle()
        assert await stage.kept.current() == reads

    play(scene)


def test_it_is_never_given_when_it_is_too_old() -> None:
    async def scene(stage: Stage) -> None:
        await stage.kept.current()
        stage.now += KEPT_S
        assert await stage.kept.current() == 2
        stage.failure = True
        stage.now += KEPT_S
        with pytest.raises(OSError, match="gone"):
            await stage.kept.current()

    play(scene)


def test_its_age_counts_from_when_the_read_began() -> None:
    async def scene(stage: Stage) -> None:
        stage.gate.clear()
        asking = asyncio.create_task(stage.kept.current())
        await stage.settle()
        stage.now += KEPT_S
        stage.gate.set()
        assert await asking == 1
        assert await stage.kept.current() == 2

    play(scene)


def test_a_read_from_before_a_change_is_not_kept() -> None:
    async def scene(stage: Stage) -> None:
        stage.gate.clear()
        before = asyncio.create_task(stage.kept.current())
        await stage.settle()
        stage.kept.forget()
        stage.gate.set()
        assert await before == 1
        assert await stage.kept.current() == 2

    play(scene)


def test_who_goes_away_does_not_take_the_value_from_the_others() -> None:
    async def scene(stage: Stage) -> None:
        stage.gate.clear()
        first, second = (asyncio.create_task(stage.kept.current()) for _ in range(2))
        await stage.settle()
        first.cancel()
        await stage.settle()
        stage.gate.set()
        assert await second == 1
        assert stage.reads == 1

    play(scene)
