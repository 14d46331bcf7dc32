"""The pool of reads: connections handed from read to read, and back to psycopg's pool."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from hub.store.connections import read_pool
from hub.store.connections.prepared_reads import PreparedReads
from hub.store.connections.read_pool import ReadPool
from hub.store.engine import make_read_pool

WITHIN_S = 60.0


def run(database: str, size: int, work: Callable[[ReadPool], Awaitable[Any]]) -> Any:
    async def within() -> Any:
        async with (
            asyncio.timeout(WITHIN_S),
            make_read_pool(database, size=size, statement_timeout_s=30) as pool,
        ):
            return await work(pool)

    return asyncio.run(within())


def test_a_connection_is_handed_on_without_the_pool(province_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_pool, "SPARE_S", WITHIN_S)

    async def work(pool: ReadPool) -> None:
        first = await pool.take(WITHIN_S)
        before = pool.get_stats()
        await pool.give_back(first)
        assert await pool.take(WITHIN_S) is first
        waiting = asyncio.create_task(pool.take(WITHIN_S))
        await asyncio.sleep(0)
        assert pool.get_stats()["requests_waiting"] == 1
        await pool.give_back(first)
        assert await waiting is first
        await pool.give_back(first)
        stats = pool.get_stats()
        assert stats["requests_num"] == before["requests_num"]
        assert stats["requests_queued"] == before.get("requests_queued", 0) + 1
        assert stats["pool_available"] == 1

    run(province_url, 1, work)


def test_spare_connections_go_back_to_the_pool(province_url: str) -> None:
    async def work(pool: ReadPool) -> None:
        connections = [await pool.take(WITHIN_S) for _ in range(3)]
        for connection in connections:
            await pool.give_back(connection)
        while pool._held:  # noqa: ASYNC110 nothing tells it
            await asyncio.sleep(0.01)
        assert pool.get_stats()["pool_available"] >= 3

    run(province_url, 3, work)


def test_who_waits_in_vain_is_told_and_takes_nothing(province_url: str) -> None:
    async def work(pool: ReadPool) -> None:
        only = await pool.take(WITHIN_S)
        with pytest.raises(PoolTimeout):
            await pool.take(0.05)
        gone = asyncio.create_task(pool.take(WITHIN_S))
        await asyncio.sleep(0)
        gone.cancel()
        next_one = asyncio.create_task(pool.take(WITHIN_S))
        await asyncio.sleep(0)
        await pool.give_back(only)
        assert await next_one is only
        assert gone.cancelled()
        await pool.give_back(only)
        assert pool.get_stats()["requests_errors"] == 1

    run(province_url, 1, work)


def test_who_is_cancelled_just_after_it_was_given_a_connection_hands_it_on(province_url: str) -> None:
    async def work(pool: ReadPool) -> None:
        only = await pool.take(WITHIN_S)
        first = asyncio.create_task(pool.take(WITHIN_S))
        second = asyncio.create_task(pool.take(WITHIN_S))
        await asyncio.sleep(0)
        await pool.give_back(only)
        first.cancel()  # it has the connection, and has not run since
        assert await second is only
        await pool.give_back(only)

    run(province_url, 1, work)


def test_a_broken_connection_is_replaced_for_who_waits(province_url: str) -> None:
    async def work(pool: ReadPool) -> None:
        only = await pool.take(WITHIN_S)
        waiting = asyncio.create_task(pool.take(WITHIN_S))
        await asyncio.sleep(0)
        only.pgconn.finish()
        await pool.give_back(only)
        other = await waiting
        assert other is not only
        assert await PreparedReads().value(other, "select 1::text", ()) == b"1"
        await pool.give_back(other)

    run(province_url, 1, work)


def test_after_a_restart_no_connection_from_before_is_used(province_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_pool, "SPARE_S", WITHIN_S)

    async def work(pool: ReadPool) -> None:
        used, spare = await pool.take(WITHIN_S), await pool.take(WITHIN_S)
        await pool.give_back(spare)
        await pool.drain()
        assert spare.closed
        await pool.give_back(used)
        assert used.closed
        again = [await pool.take(WITHIN_S) for _ in range(2)]
        assert not {used, spare} & set(again)
        for connection in again:
            await pool.give_back(connection)

    run(province_url, 2, work)


def test_a_pool_that_is_closed_leaves_no_connection(province_url: str) -> None:
    async def work(pool: ReadPool) -> list[Any]:
        connections = [await pool.take(WITHIN_S) for _ in range(2)]
        await pool.give_back(connections[0])
        await pool.close()
        await pool.give_back(connections[1])
        return connections

    assert all(connection.closed for connection in run(province_url, 2, work))


def test_psycopgs_own_statements_may_come_between(province_url: str) -> None:
    """psycopg watches the same socket for them, and ends its watching when they are done."""

    async def work(pool: ReadPool) -> None:
        reads, connection = PreparedReads(), await pool.take(WITHIN_S)
        for number in range(5):
            assert await reads.value(connection, "select $1::text", (str(number),)) == b"%d" % number
            cursor = await connection.execute("select %s::text", (number,))
            assert await cursor.fetchone() == (str(number),)
        await pool.give_back(connection)

    run(province_url, 1, work)


def test_a_connection_that_is_ended_while_nobody_reads_is_told_by_the_next_read(province_url: str) -> None:
    async def work(pool: ReadPool) -> None:
        reads, connection = PreparedReads(), await pool.take(WITHIN_S)
        await reads.value(connection, "select 1::text", ())
        pid = connection.info.backend_pid
        with psycopg.connect(province_url, autocommit=True) as other:
            other.execute("select pg_terminate_backend(%s, 10000)", (pid,))
        # The end of the connection is noticed with nobody to tell, and looked at no longer: that would take all of a processor.
        while reads._sessions[connection].waiter._descriptor >= 0:  # noqa: ASYNC110 nothing tells it
            await asyncio.sleep(0.01)
        with pytest.raises(psycopg.OperationalError):
            await reads.value(connection, "select 1::text", ())
        await pool.give_back(connection)

    run(province_url, 1, work)


def test_whoever_reads_from_a_pool_that_is_cut_hears_it_at_once(province_url: str) -> None:
    async def work(pool: ReadPool) -> None:
        connection = await pool.take(WITHIN_S)
        reading = asyncio.create_task(PreparedReads().value(connection, "select pg_sleep(3600)::text", ()))
        await asyncio.sleep(0.3)
        pool.cut()
        with pytest.raises(psycopg.OperationalError):
            await reading
        await pool.give_back(connection)
        other = await pool.take(WITHIN_S)
        assert await PreparedReads().value(other, "select 1::text", ()) == b"1"
        await pool.give_back(other)

    run(province_url, 1, work)
