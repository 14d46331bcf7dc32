"""The ledger's writer under faults. The law: no answer leaves without a record of it on disk, whatever breaks and when."""

import asyncio
import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from hub.ledger.unavailable import LedgerUnavailable
from hub.ledger.writing.records import LedgerEntry, ReadOutcome, RecordKind
from hub.ledger.writing.writer import MAX_WAITING, LedgerWriter, utc_now
from hub.store.roles import CLERK, LEDGER, READER
from hub.store.server.embedded import EmbeddedServer
from tests.conftest import ServedHub
from tests.system.access.test_access import IDENTIFY
from tests.system.ledger.test_ledger import Ledger
from tests.system.servers.tcp_proxy import TcpProxy

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60.0


def entry(name: str) -> LedgerEntry:
    """A record that is found again by its request id."""
    return LedgerEntry(
        datetime.now(UTC), RecordKind.READ, "tester", ReadOutcome.ANSWERED, paths=("citizen.fullName",), request_id=name
    )


@dataclass(frozen=True)
class Store:
    """A database, as its owner and as the writer reach it."""

    owner: str
    writer: str

    def requests(self) -> set[str]:
        return {b["request"] for b in Ledger(self.owner).bodies() if "request" in b}

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.owner, autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def wait_until_left(self) -> None:
        """Wait until no writer is connected: a server process lives, with its locks, some time after its client has closed."""
        connected = (
            "select pid from pg_stat_activity where datname = current_database() and application_name = 'hub-ledger'"
        )
        deadline = time.monotonic() + PATIENCE_S
        while self.run(connected):
            assert time.monotonic() < deadline, "a writer is still connected"
            time.sleep(0.01)

    def through(self, proxy: TcpProxy) -> str:
        parts = conninfo_to_dict(self.writer)
        return f"postgresql://{parts['user']}:{parts['password']}@127.0.0.1:{proxy.port}/{parts['dbname']}"


@pytest.fixture
def store(database_url: str, postgres_server: EmbeddedServer) -> Store:
    name = str(conninfo_to_dict(database_url)["dbname"])
    return Store(database_url, postgres_server.login_url(LEDGER, name))


async def abandon(store: Store, writer: LedgerWriter) -> None:
    """Break the writer's chain off, as a lost connection does, and wait until its lock is free."""
    await writer._drop()
    store.wait_until_left()


@asynccontextmanager
async def open_writer(url: str, clock: Callable[[], datetime] = utc_now) -> AsyncIterator[LedgerWriter]:
    writer = LedgerWriter(url, "test", clock=clock)
    try:
        yield writer
    finally:
        await writer.close()


async def refused(work: Awaitable[None]) -> bool:
    try:
        await work
    except LedgerUnavailable:
        return True
    return False


def test_concurrent_entries_share_commits(store: Store) -> None:
    async def run() -> None:
        async with open_writer(store.writer) as writer:
            await asyncio.gather(*(writer.commit(entry(f"request-{n}")) for n in range(500)))

    asyncio.run(run())
    assert store.requests() == {f"request-{n}" for n in range(500)}
    # Records of one statement have one transaction id; a statement for each entry would have 500.
    ((commits,),) = store.run("select count(distinct xmin::text) from ledger.record where principal = 'tester'")
    assert commits < 50
    kinds = [record.body["kind"] for record in Ledger(store.owner).records()]
    assert (kinds[0], kinds[-1]) == ("EPOCH_BEGIN", "EPOCH_END")


def test_two_servers_write_a_chain_each(store: Store) -> None:
    async def run() -> None:
        async with open_writer(store.writer) as one, open_writer(store.writer) as other:
            for n in range(20):
                await asyncio.gather(one.commit(entry(f"one-{n}")), other.commit(entry(f"other-{n}")))

    asyncio.run(run())
    chains = store.run("select epoch, count(*), max(number) from ledger.record group by epoch")
    assert [(count, last) for _, count, last in chains] == [(22, 21), (22, 21)]
    assert not Ledger(store.owner).bodies(kind="KEEPING"), "neither takes the other for dead"


def test_a_silent_database_refuses_and_comes_back(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.ledger.writing.writer.COMMIT_WITHIN_S", 0.5)
    monkeypatch.setattr("hub.ledger.writing.writer.RETRY_AFTER_S", 0.0)
    answered: set[str] = set()

    async def run() -> None:
        async with open_writer(store.through(proxy)) as writer:
            for n in range(40):
                if n == 10:
                    proxy.mute()
                if n == 13:
                    proxy.speak()
                    store.wait_until_left()
                if not await refused(writer.commit(entry(f"request-{n}"))):
                    answered.add(f"request-{n}")
            assert {f"request-{n}" for n in (9, 39)} <= answered
            assert not answered & {"request-10", "request-11"}

    parts = conninfo_to_dict(store.writer)
    with TcpProxy("127.0.0.1", int(str(parts["port"]))) as proxy:
        asyncio.run(run())
    assert answered <= store.requests()
    abandoned = [body["details"] for body in Ledger(store.owner).bodies(kind="KEEPING")]
    assert [details["action"] for details in abandoned] == ["EPOCH_ABANDONED"] * len(abandoned) != []
    ((kind, details),) = store.run("select kind, details from hub.alarm")
    assert kind == "LEDGER_UNAVAILABLE"
    assert details["refusedReads"] == 40 - len(answered)


@pytest.mark.parametrize("seed", range(3))
def test_a_connection_that_breaks_at_any_byte(store: Store, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit whose answer was lost is refused, though it may be stored: a record without an answer, never the other way."""
    monkeypatch.setattr("hub.ledger.writing.writer.RETRY_AFTER_S", 0.0)
    chance, answered = random.Random(seed), set[str]()

    async def run() -> None:
        async with open_writer(store.through(proxy)) as writer:
            for n in range(60):
                if n % 6 == 0:
                    proxy.break_after(chance.randrange(1, 3_000), "reset")
                names = [f"request-{n}-{m}" for m in range(5)]
                results = await asyncio.gather(*(refused(writer.commit(entry(name))) for name in names))
                answered.update(name for name, was_refused in zip(names, results, strict=True) if not was_refused)

    parts = conninfo_to_dict(store.writer)
    with TcpProxy("127.0.0.1", int(str(parts["port"]))) as proxy:
        asyncio.run(run())
        assert proxy.broken > 0
    assert answered
    assert answered <= store.requests()


def test_a_lock_on_the_ledger_refuses_in_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.ledger.writing.writer.COMMIT_WITHIN_S", 0.5)
    monkeypatch.setattr("hub.ledger.writing.writer.RETRY_AFTER_S", 0.0)

    async def run() -> None:
        async with open_writer(store.writer) as writer:
            await writer.commit(entry("before"))
            with psycopg.connect(store.owner) as lock:
                lock.execute("lock table ledger.record in access exclusive mode")
                assert await refused(writer.commit(entry("during")))
            for _ in range(100):
                if not await refused(writer.commit(entry("after"))):
                    return
                await asyncio.sleep(0.1)

    asyncio.run(run())
    assert {"before", "after"} <= store.requests()


def test_who_waits_while_the_writer_connects_is_refused_in_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.ledger.writing.writer.COMMIT_WITHIN_S", 0.2)

    async def run() -> None:
        async with open_writer(store.through(proxy)) as writer:
            async with asyncio.timeout(4):  # connecting is given up after five seconds
                for count in (3, 2):
                    assert all(await asyncio.gather(*(refused(writer.commit(entry("silent"))) for _ in range(count))))
            assert writer.counts.refused == 5
            proxy.speak()

    parts = conninfo_to_dict(store.writer)
    with TcpProxy("127.0.0.1", int(str(parts["port"]))) as proxy:
        proxy.mute()
        asyncio.run(run())


def test_an_entry_that_cannot_be_encoded_stops_no_later_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.ledger.writing.writer.RETRY_AFTER_S", 0.0)

    async def run() -> None:
        async with open_writer(store.writer) as writer, asyncio.timeout(PATIENCE_S):
            await writer.commit(entry("before"))
            assert await refused(writer.commit(entry("\ud800")))
            await writer.commit(entry("after"))

    asyncio.run(run())
    assert store.requests() == {"before", "after"}


def test_no_more_wait_than_there_is_room_for(store: Store) -> None:
    async def run() -> int:
        async with open_writer(store.writer) as writer:
            results = await asyncio.gather(
                *(refused(writer.commit(entry(f"request-{n}"))) for n in range(MAX_WAITING + 100))
            )
            return sum(results)

    assert asyncio.run(run()) == 100
    assert len(store.requests()) == MAX_WAITING


def test_a_server_that_nobody_reads_from_begins_a_new_chain_with_the_month(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its open chain would keep the month from being closed, for as long as nobody reads."""
    monkeypatch.setattr("hub.ledger.writing.writer.LOOK_AT_MONTH_EVERY_S", 0.02)
    now = datetime.now(UTC)
    at = [now]

    async def run() -> None:
        async with open_writer(store.writer, lambda: at[0]) as idle:
            await idle.commit(entry("one"))
            first = idle.epoch
            at[0] = (now.replace(day=1) + timedelta(days=32)).replace(day=1)
            for _ in range(2_000):
                if idle.epoch is not first and idle.epoch is not None:
                    break
                await asyncio.sleep(0.01)

    asyncio.run(run())
    rows = store.run("select month, count(*) from ledger.record group by month order by month")
    assert [count for _, count in rows] == [3, 2], "begin, a read and end; begin and end"


def test_a_new_month_is_a_new_chain(store: Store) -> None:
    now = datetime.now(UTC)
    next_month = (now.replace(day=1) + timedelta(days=32)).replace(day=1)

    async def run() -> None:
        at = [now]
        async with open_writer(store.writer, lambda: at[0]) as writer:
            await writer.commit(entry("old"))
            at[0] = next_month
            await writer.commit(entry("new"))
            at[0] = now  # the clock goes back: the chain goes on in its own month
            await writer.commit(entry("back"))

    asyncio.run(run())
    rows = store.run("select month, count(distinct epoch), count(*) from ledger.record group by month order by month")
    assert rows == [(now.date().replace(day=1), 1, 3), (next_month.date(), 1, 4)]
    ((old, new),) = store.run(
        "select min(encode(subject_key, 'hex')), max(encode(subject_key, 'hex')) from ledger.month"
    )
    assert old != new, "each month has a key of its own"


# --- A whole server ---------------------------------------------------------------------------------------------------------


@dataclass
class LedgerServer:
    """A hub in a process of its own, and the request ids that it has answered."""

    process: "subprocess.Popen[str]"
    url: str
    token: str
    answered: set[str]

    def ask(self, personal_id: str, name: str) -> int:
        answer = httpx2.post(
            f"{self.url}/graphql",
            json={"query": IDENTIFY, "variables": {"personalId": personal_id}},
            headers={"authorization": f"Bearer {self.token}", "x-hub-purpose": "identify", "x-request-id": name},
            timeout=30,
        )
        if answer.status_code == 200 and answer.json()["data"]["citizen"]["fullName"]:
            self.answered.add(name)
        return answer.status_code


@pytest.fixture
def serve_apart(served_hub: ServedHub, postgres_server: EmbeddedServer) -> Iterator[Callable[[], LedgerServer]]:
    name = str(conninfo_to_dict(served_hub.database)["dbname"])
    urls = [postgres_server.login_url(role, name) for role in (READER, CLERK, LEDGER)]
    started = []

    def start() -> LedgerServer:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.system.servers.ledger_server", *urls],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        started.append(process)
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        return LedgerServer(process, said["url"], said["tokens"]["an"], set())

    yield start
    for process in started:
        process.kill()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


def test_a_server_that_is_killed_has_answered_nothing_without_a_record(
    serve_apart: Callable[[], LedgerServer], served_hub: ServedHub
) -> None:
    server, readers = serve_apart(), 8
    stop = threading.Event()

    def read(reader: int) -> None:
        n = 0
        with suppress(httpx2.HTTPError):
            while not stop.is_set():
                server.ask(served_hub.personal_id, f"killed-{reader:02d}-{n:06d}")
                n += 1

    threads = [threading.Thread(target=read, args=(reader,)) for reader in range(readers)]
    for thread in threads:
        thread.start()
    while len(server.answered) < 40 and server.process.poll() is None:
        stop.wait(0.01)
    server.process.kill()
    server.process.wait(30)
    stop.set()
    for thread in threads:
        thread.join(60)
    recorded = {
        b["request"] for b in Ledger(served_hub.database).bodies() if b.get("request", "").startswith("killed-")
    }
    assert server.answered <= recorded
    assert len(recorded - server.answered) <= readers, "a record without an answer, for each request that was under way"
    again = serve_apart()
    assert again.ask(served_hub.personal_id, "after-the-kill-01") == 200
    details = [b["details"] for b in Ledger(served_hub.database).bodies(kind="KEEPING")]
    heads = {(d["epoch"], d["number"], d["hash"]) for d in details if d["action"] == "EPOCH_ABANDONED"}
    records = {(str(r.epoch), r.number, r.hash.hex()) for r in Ledger(served_hub.database).records()}
    assert heads, "the next server says where the chain of the killed one stopped"
    assert heads <= records


def test_a_server_whose_ledger_cannot_be_written_answers_nothing(
    serve_apart: Callable[[], LedgerServer], served_hub: ServedHub
) -> None:
    server = serve_apart()
    assert server.ask(served_hub.personal_id, "before-the-revoke") == 200
    with psycopg.connect(served_hub.database, autocommit=True) as owner:
        owner.execute("revoke insert on ledger.record from hub_ledger")
        try:
            assert server.ask(served_hub.personal_id, "while-it-is-revoked") == 503
        finally:
            owner.execute("grant insert on ledger.record to hub_ledger")
    status, tries = 503, 0
    while status == 503 and tries < 100:
        tries += 1
        status = server.ask(served_hub.personal_id, f"after-the-revoke-{tries:03d}")
        threading.Event().wait(0.1)
    assert status == 200
    names = {b.get("request") for b in Ledger(served_hub.database).bodies()}
    assert server.answered <= names
    assert "while-it-is-revoked" not in names
