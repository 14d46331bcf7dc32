"""Prepared reads: values, errors, cancellation and lost connections on a real server; the connection is good afterwards or gone."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import AsyncConnection

from hub.store.connections import prepared_reads
from hub.store.connections.prepared_reads import PreparedReads
from tests.plan.test_cases import CASES, plan

Scenario = Callable[[AsyncConnection[Any]], Coroutine[Any, Any, None]]


def on_a_connection(url: str, scenario: Scenario) -> None:
    async def run() -> None:
        async with await AsyncConnection.connect(url, autocommit=True, prepare_threshold=None) as connection:
            await scenario(connection)

    # In a thread: the browser tests leave their loop running in this one.
    with ThreadPoolExecutor(1) as threads:
        threads.submit(asyncio.run, run()).result(60)


def test_values_of_every_type_and_null(database_url: str) -> None:
    async def scenario(connection: AsyncConnection[Any]) -> None:
        one = PreparedReads()
        sql = "select json_build_array($1::text, $2::int, $3::bool, $4::text[], $5::bigint[], $6::date, $7::text)::text"
        for _ in range(3):
            found = await one.value(connection, sql, ["Đỗ 'x' \\ %s {\"a\"}", 7, True, ["a,b", None, '"', "\\"], [1, None], "2020-02-29", None])  # fmt: skip
            assert found is not None
            assert found.decode() == '["Đỗ \'x\' \\\\ %s {\\"a\\"}", 7, true, ["a,b",null,"\\"","\\\\"], [1,null], "2020-02-29", null]'  # fmt: skip
        assert await one.value(connection, "select null::text", []) is None
        assert await one.value(connection, "select '100%'::text", ()) == b"100%"

    on_a_connection(database_url, scenario)


def test_large_values_both_ways(database_url: str) -> None:
    async def scenario(connection: AsyncConnection[Any]) -> None:
        large = "x" * 20_000_000
        assert await PreparedReads().value(connection, "select $1::text || $1::text", [large]) == (large * 2).encode()

    on_a_connection(database_url, scenario)


def test_rows_by_id_are_planned_once_and_not_for_each_request(database_url: str) -> None:
    made, parameters = plan(CASES[0].parent / "nodes.graphql")
    with psycopg.connect(database_url, autocommit=True, prepare_threshold=0) as connection:
        for _ in range(8):
            # As psycopg writes parameters; names of rows have a $ within.
            text = re.sub(r"(?<!\w)\$(\d+)", r"%(p\1)s", made.sql.replace("%", "%%"))
            connection.execute(text.encode(), {f"p{place}": value for place, value in enumerate(parameters, 1)})
        found = connection.execute(
            "select generic_plans > 0 from pg_prepared_statements where statement like '%ordinality w(kind%'"
        ).fetchone()
    assert found == (True,)


def test_an_error_leaves_the_connection_as_it_was(database_url: str) -> None:
    async def scenario(connection: AsyncConnection[Any]) -> None:
        one = PreparedReads()
        for _ in range(2):
            with pytest.raises(psycopg.errors.DivisionByZero):
                await one.value(connection, "select (1 / $1::int)::text", [0])
            assert await one.value(connection, "select (1 / $1::int)::text", [1]) == b"1"
            with pytest.raises(psycopg.errors.SyntaxError):
                await one.value(connection, "select nonsense nonsense nonsense", [])
            with pytest.raises(psycopg.errors.InvalidDatetimeFormat):
                await one.value(connection, "select $1::date::text", ["never"])

    on_a_connection(database_url, scenario)


def test_no_more_statements_stay_prepared_than_may(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared_reads, "MAX_PREPARED", 5)

    async def scenario(connection: AsyncConnection[Any]) -> None:
        one = PreparedReads()
        for number in [*range(20), 0, 19, 3]:
            assert await one.value(connection, f"select {number}::text", []) == str(number).encode()
        cursor = await connection.execute("select count(*) from pg_prepared_statements")
        assert await cursor.fetchone() == (5,)

    on_a_connection(database_url, scenario)


def test_a_cancelled_caller_cancels_the_statement(database_url: str) -> None:
    async def scenario(connection: AsyncConnection[Any]) -> None:
        one = PreparedReads()
        for _ in range(3):
            reading = asyncio.create_task(one.value(connection, "select pg_sleep($1::int)::text", [60]))
            await asyncio.sleep(0.2)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            assert await one.value(connection, "select 'good'::text", []) == b"good"

    on_a_connection(database_url, scenario)


def test_a_lost_connection_is_an_operational_error(database_url: str) -> None:
    async def scenario(connection: AsyncConnection[Any]) -> None:
        one = PreparedReads()
        reading = asyncio.create_task(one.value(connection, "select pg_sleep(60)::text", []))
        await asyncio.sleep(0.2)
        async with await AsyncConnection.connect(database_url, autocommit=True) as other:
            await other.execute("select pg_terminate_backend(%s)", (connection.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            await reading
        with pytest.raises(psycopg.OperationalError):
            await one.value(connection, "select 1::text", [])

    on_a_connection(database_url, scenario)
