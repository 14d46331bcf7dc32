"""Pieces that drip end in time; pieces that are many or read slowly do not."""

import time
from collections.abc import Iterator

import pytest

from hub.ingest.read import slow_sources
from hub.ingest.read.slow_sources import TooSlow, limit_time


class Clock:
    """A clock that tests set forward."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        patch.setattr(time, "monotonic", lambda: self.now)

    def pieces(self, piece: bytes, every_s: float, count: int) -> Iterator[bytes]:
        """A piece after each wait."""
        for _ in range(count):
            self.now += every_s
            yield piece


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_drip_ends(clock: Clock) -> None:
    with pytest.raises(TooSlow):
        list(limit_time(clock.pieces(b"x", every_s=5.0, count=1_000_000), timeout_s=6))
    assert clock.now < slow_sources.PATIENCE_TIMEOUTS * 6 + 10


def test_a_large_answer_over_a_slow_network_does_not(clock: Clock) -> None:
    assert len(list(limit_time(clock.pieces(b"x" * 1_000, every_s=5.0, count=10_000), timeout_s=6))) == 10_000


def test_time_that_the_reader_takes_does_not_count(clock: Clock) -> None:
    for _ in limit_time(clock.pieces(b"x", every_s=0.01, count=100), timeout_s=6):
        clock.now += 3_600
