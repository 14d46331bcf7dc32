"""Which replica runs a statement, and what happens if it fails."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from hub.errors import HubError
from hub.graph.execution import reads as kinds
from hub.graph.execution.row_reads import FINAL_ERRORS, RowReads
from hub.store.connections.replica_positions import ReplicaState
from hub.store.connections.replicas import Replica, ReplicaWatch

OTHERS = (kinds.DATABASE_GONE, kinds.OTHER_REVISION, kinds.ALL_BUSY, HubError("internal error"))


@dataclass
class Place:
    """Reads that answer with their own name, or fail."""

    name: bytes
    running: int = 0
    deadline_s: float = 5
    error: HubError | None = None
    asked: list[str] = field(default_factory=list)
    tries: list[int] = field(default_factory=list)

    async def json(self, sql: str, parameters: Sequence[Any], *, tries: int = 2) -> bytes:
        self.asked.append(sql)
        self.tries.append(tries)
        if self.error is not None:
            raise self.error
        return self.name


def make_rows(good: Sequence[bool]) -> tuple[RowReads, Place, list[Place]]:
    primary: Any = Place(b"primary")
    pool: Any = None
    replicas = [Replica(number, "postgresql://h/d", pool, max_lag_s=1e9) for number, _ in enumerate(good, 1)]
    for replica, is_good in zip(replicas, good, strict=True):
        if is_good:
            replica.state = ReplicaState(None, 0, 0)
    rows = RowReads(primary, ReplicaWatch("postgresql://h/d", replicas))
    places = [Place(str(place.replica.number).encode()) for place in rows.places]
    for place, reads in zip(rows.places, places, strict=True):
        place.reads = reads  # type: ignore[assignment]
    return rows, primary, places


def read(rows: RowReads, times: int = 1) -> list[bytes]:
    async def each() -> list[bytes]:
        return [await rows.json("select", ()) for _ in range(times)]

    return asyncio.run(each())


def test_good_replicas_take_turns() -> None:
    rows, primary, _ = make_rows([True, False, True])
    found = read(rows, 10)
    assert (found.count(b"1"), found.count(b"3"), primary.asked) == (5, 5, [])


def test_the_one_with_the_fewest_reads_is_taken() -> None:
    rows, _, places = make_rows([True, True, True])
    places[0].running, places[1].running, places[2].running = 3, 1, 2
    assert set(read(rows, 5)) == {b"2"}


def test_the_primary_reads_if_no_replica_is_good() -> None:
    rows, _, _ = make_rows([False, False])
    assert (read(rows), rows.from_primary) == ([b"primary"], 1)


@pytest.mark.parametrize("error", OTHERS, ids=str)
def test_what_a_replica_fails_the_primary_is_asked_once(error: HubError) -> None:
    rows, primary, places = make_rows([True])
    places[0].error = error
    assert (read(rows), rows.places[0].failed, rows.places[0].answered) == ([b"primary"], 1, 0)
    primary.error = error
    with pytest.raises(HubError):
        read(rows)
    assert (len(places[0].asked), len(primary.asked)) == (2, 2)


@pytest.mark.parametrize("error", FINAL_ERRORS, ids=str)
def test_what_the_primary_would_say_too_is_said_at_once(error: HubError) -> None:
    rows, primary, places = make_rows([True])
    places[0].error = error
    with pytest.raises(HubError) as raised:
        read(rows)
    assert (raised.value, primary.asked, rows.places[0].failed) == (error, [], 0)


def test_what_a_replica_said_counts_no_longer_than_it_may_lag() -> None:
    rows, _, _ = make_rows([True])
    replica = rows.places[0].replica
    replica.max_lag_s = 5

    async def ask(ago_s: float) -> bool:
        now = asyncio.get_running_loop().time()
        replica.state = ReplicaState(None, now - ago_s, now - ago_s)
        return replica.may_be_read()

    assert [asyncio.run(ask(ago_s)) for ago_s in (0, 4.5, 5.5)] == [True, True, False]


def test_a_replica_is_tried_once_and_the_primary_again() -> None:
    rows, primary, (place,) = make_rows([True])
    place.error = kinds.DATABASE_GONE
    assert read(rows) == [b"primary"]
    assert (place.tries, primary.tries) == ([1], [2])
