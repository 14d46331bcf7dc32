"""Rows read from streaming replicas: real ones, which lag, die, fall silent and are promoted while they are read from."""

import asyncio
import logging
import secrets
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import httpx2
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from hub.cli.operate.doctor.doctor_replicas import check_replicas
from hub.errors import HubMisconfigured
from hub.graph.execution.reads import Reads
from hub.graph.execution.row_reads import RowReads
from hub.metrics.web_samples import read_web_samples
from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.store.connections.replica_positions import ReplicaFault
from hub.store.connections.replicas import make_replicas
from hub.store.engine import make_read_pool
from hub.store.roles import READER
from hub.store.server.embedded import EmbeddedServer
from hub.web.app import create_app
from hub.web.edge import Edge
from tests.prepared_server import LinkedProvince
from tests.serving import served
from tests.system.access.test_access import ISSUER, PREFILL, READ, UNLIMITED, AccessHub
from tests.system.servers.streaming_replica import (
    await_that,
    copy_database_between,
    on_server,
    send_signal,
    start_primary,
    start_replica,
    tell,
)

NAME = "query ($personalId: PersonalId!) { citizen(by: { personalId: $personalId }) { fullName } }"
DOSSIER = "H49.12-251118-0909"


@dataclass
class Pair:
    """A primary with the linked province at `url`, and a replica of it."""

    primary: EmbeddedServer
    replica: EmbeddedServer
    url: str
    personal_id: str

    @property
    def replica_url(self) -> str:
        return on_server(self.replica, self.url)


@dataclass
class ReadHub:
    """A served hub, and where it reads rows."""

    address: str
    app: Edge
    personal_id: str

    @property
    def rows(self) -> RowReads:
        rows = self.app.parts.executor.rows
        assert isinstance(rows, RowReads)
        return rows

    def read_name(self) -> str:
        sent = {"query": NAME, "variables": {"personalId": self.personal_id}}
        answer = httpx2.post(f"{self.address}/graphql", json=sent, timeout=30).json()
        assert "errors" not in answer, answer
        return str(answer["data"]["citizen"]["fullName"])

    def faults(self) -> list[ReplicaFault | None]:
        return [place.replica.state.fault for place in self.rows.places]

    def await_faults(self, *wanted: ReplicaFault | None) -> None:
        await_that(lambda: self.faults() == list(wanted))

    def answered(self) -> list[int]:
        return [place.answered for place in self.rows.places]


@pytest.fixture(scope="module")
def primary(scratch: Path, linked_province: LinkedProvince, postgres_server: EmbeddedServer) -> Iterator[Pair]:
    """The pair's replica goes on for the whole module: a test that ends one makes its own."""
    with start_primary(scratch / "primary") as server:
        url = copy_database_between(postgres_server, linked_province.database, server)
        with start_replica(server, scratch / "replica") as replica:
            yield Pair(server, replica, url, linked_province.showcase_personal_id)


@dataclass
class Spare:
    """One more replica, which a test may end, and start again."""

    primary: EmbeddedServer
    folder: Path
    server: EmbeddedServer

    def start_again(self) -> None:
        self.server.stop()
        self.server = start_replica(self.primary, self.folder)


@pytest.fixture
def spare(primary: Pair, scratch: Path) -> Iterator[Spare]:
    folder = scratch / f"spare-{secrets.token_hex(4)}"
    made = Spare(primary.primary, folder, start_replica(primary.primary, folder))
    yield made
    made.server.stop()


@contextmanager
def serve(pair: Pair, *urls: str, **changed: object) -> Iterator[ReadHub]:
    settings = load_settings(replica_urls=",".join(urls), **changed)
    app = create_app(settings, Logins.one(pair.url))
    with served(app) as address:
        yield ReadHub(address, app, pair.personal_id)


@contextmanager
def paused(url: str) -> Iterator[None]:
    """While nothing is replayed."""
    tell(url, "select pg_wal_replay_pause()")
    with psycopg.connect(url, autocommit=True) as connection:
        await_that(lambda: connection.execute("select pg_get_wal_replay_pause_state()").fetchone() == ("paused",))
    try:
        yield
    finally:
        # What is replayed from now on may stop this very statement, once it has done its work.
        with suppress(psycopg.errors.SerializationFailure):
            tell(url, "select pg_wal_replay_resume()")


@contextmanager
def read_on(hub: ReadHub, clients: int = 4) -> Iterator[list[float]]:
    """Read meanwhile, again soon after each answer; gives the seconds of each. Every read has to succeed."""
    took: list[float] = []
    failed: list[BaseException] = []
    over = Event()

    def read() -> None:
        while not over.wait(0.01):
            began = time.monotonic()
            try:
                hub.read_name()
            except BaseException as error:  # told by the test's own thread
                failed.append(error)
                return
            took.append(time.monotonic() - began)

    threads = [Thread(target=read, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield took
    finally:
        over.set()
        for thread in threads:
            thread.join(60)
    assert not failed, failed[0]


def count_answers(took: Sequence[float], more: int) -> None:
    """Wait for more answers."""
    wanted = len(took) + more
    await_that(lambda: len(took) >= wanted)


def test_rows_come_from_a_replica_while_it_lags_no_more_than_it_may(primary: Pair) -> None:
    with serve(primary, primary.replica_url) as hub:
        hub.await_faults(None)
        before = hub.read_name()
        with paused(primary.replica_url):
            tell(primary.url, f"update data.citizen set full_name = 'Mới' where personal_id = '{hub.personal_id}'")
            assert hub.read_name() == before, "it was read from the primary"
            assert (hub.answered(), hub.rows.from_primary) == ([2], 0)
            hub.await_faults(ReplicaFault.BEHIND)
            assert hub.read_name() == "Mới"
            assert (hub.answered(), hub.rows.from_primary) == ([2], 1)
        hub.await_faults(None)
        assert hub.read_name() == "Mới"
        assert (hub.answered(), hub.rows.from_primary) == ([3], 1)
        tell(primary.url, f"update data.citizen set full_name = '{before}' where personal_id = '{hub.personal_id}'")


def test_a_replica_that_has_everything_does_not_lag_though_nothing_is_written(primary: Pair) -> None:
    with serve(primary, primary.replica_url, replica_max_lag_s=2) as hub:
        hub.await_faults(None)
        until = time.monotonic() + 5
        while time.monotonic() < until:
            (place,) = hub.rows.places
            assert (place.replica.state.fault, (place.replica.state.lag_s or 0) < 1) == (None, True)
            time.sleep(0.1)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["dies", "falls silent"])
def test_no_read_fails_when_a_replica_is_lost(
    primary: Pair, spare: Spare, how: signal.Signals, caplog: pytest.LogCaptureFixture
) -> None:
    url = on_server(spare.server, primary.url)
    with (
        caplog.at_level(logging.INFO, "hub.replicas"),
        serve(primary, url, primary.replica_url, statement_timeout_s=60) as hub,
    ):
        hub.await_faults(None, None)
        with read_on(hub) as took:
            await_that(lambda: min(hub.answered()) > 30)  # they share: on a busy machine the slower one gets fewer
            send_signal(spare.server, how)
            hub.await_faults(ReplicaFault.AWAY, None)
            count_answers(took, 100)
            held = hub.answered()
            count_answers(took, 50)
            assert (hub.answered()[0], hub.answered()[1] > held[1]) == (held[0], True)
            if how is signal.SIGSTOP:
                send_signal(spare.server, signal.SIGCONT)
            else:
                spare.start_again()
            hub.await_faults(None, None)
            await_that(lambda: hub.answered()[0] > held[0])
        # A silent one is noticed after ASK_WITHIN_S, and whoever waits for it goes to the primary then, long before its own time is over.
        assert max(took) < 40
        assert hub.rows.places[0].failed >= (1 if how is signal.SIGSTOP else 0)
    said = [record.message for record in caplog.records]
    assert "replica 1 is left out: it does not answer, or refuses the login" in said
    assert said.count("replica 1 is read from") == 2
    password = str(conninfo_to_dict(url)["password"])
    assert password not in caplog.text


def test_a_promoted_replica_is_left_out(primary: Pair, spare: Spare) -> None:
    with serve(primary, on_server(spare.server, primary.url)) as hub:
        hub.await_faults(None)
        with read_on(hub) as took:
            count_answers(took, 20)
            tell(spare.server.url("postgres"), "select pg_promote()")
            hub.await_faults(ReplicaFault.PROMOTED)
            count_answers(took, 20)  # those that were under way are counted when they end
            held, at = hub.answered(), hub.rows.from_primary
            count_answers(took, 20)
        assert (hub.answered(), hub.rows.from_primary > at) == (held, True)


def test_a_statement_that_replay_stops_is_run_by_the_primary(primary: Pair) -> None:
    """SQLSTATE 40001: what the statement reads was vacuumed away."""
    slow = "select count(c.id)::text from (select pg_sleep(4)) s cross join data.citizen c"
    settings = load_settings(replica_urls=primary.replica_url)

    async def read() -> tuple[int, int, int]:
        watch = make_replicas(settings, primary.url)
        assert watch is not None
        async with asyncio.timeout(120), make_read_pool(primary.url, size=2, statement_timeout_s=30) as pool:
            await watch.open()
            try:
                rows = RowReads(Reads(pool, deadline_s=30), watch)
                (place,) = rows.places
                while not place.replica.may_be_read():  # noqa: ASYNC110 nothing tells it
                    await asyncio.sleep(0.05)
                running = asyncio.create_task(rows.json(slow, ()))
                await asyncio.sleep(1)
                assert place.reads.running == 1
                tell(primary.url, "update data.citizen set full_name = full_name")
                tell(primary.url, "vacuum data.citizen")
                return int(await running), place.failed, rows.from_primary
            finally:
                await watch.close()

    people, failed, from_primary = asyncio.run(read())
    assert (people > 500, failed, from_primary) == (True, 1, 1)


def test_what_decides_and_the_ledger_are_the_primary_s(primary: Pair) -> None:
    with psycopg.connect(primary.url) as connection:
        (buyer, stranger) = connection.execute(
            "select personal_id from data.citizen where death_date is null and personal_id <> %s"
            " and birth_date < '1990' order by id limit 2",
            (primary.personal_id,),
        ).fetchall()
    name = str(conninfo_to_dict(primary.url)["dbname"])
    reader = on_server(primary.replica, primary.primary.login_url(READER, name))
    settings = load_settings(access="on", replica_urls=reader, **UNLIMITED)
    app = create_app(settings, Logins.by_role(lambda role: primary.primary.login_url(role, name)), local_issuer=ISSUER)
    with served(app) as address:
        hub = ReadHub(address, app, primary.personal_id)
        officer = AccessHub(address, primary.personal_id, buyer[0], stranger[0], 0)
        hub.await_faults(None)
        with paused(primary.replica_url):
            assert "errors" not in officer.open("an", DOSSIER).json()
            read = officer.ask("an", READ, {"personalId": primary.personal_id}, dossier=DOSSIER).json()
            assert read["data"]["citizen"]["name"], read
            assert (hub.answered(), hub.rows.from_primary) == ([1], 0)
            written = "select count(*) from ledger.record where position(%s::bytea in record) > 0"
            for url, least in ((primary.url, 1), (primary.replica_url, 0)):
                with psycopg.connect(url) as connection:
                    row = connection.execute(written, (DOSSIER.encode(),)).fetchone()
                assert row is not None
                assert (row[0] >= 1) == bool(least)
            filled = officer.ask("an", PREFILL, dossier=DOSSIER).json()
            assert filled["data"]["prefill"]["dossier"] == DOSSIER
            assert hub.answered() == [1], "a prefill comes from one place"


def test_replicas_that_cannot_be_read_from_cost_no_read(
    primary: Pair, postgres_server: EmbeddedServer, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = primary.url.replace(f":{primary.primary.port}/", ":1/")
    elsewhere = on_server(primary.replica, primary.primary.url("postgres"))
    urls = (nobody, elsewhere, primary.url)
    settings = load_settings(replica_urls=",".join((*urls, primary.replica_url)))
    findings = list(check_replicas(settings, primary.url))
    assert [(one.what, one.holds) for one in findings] == [
        ("replica 1", False), ("replica 2", False), ("replica 3", False), ("replica 4", True),
    ]  # fmt: skip
    assert findings[1].found == "left out: it is no copy of the database of HUB_DATABASE_URL"
    assert [one.found for one in check_replicas(settings, nobody)][3].startswith("left out: the primary was not asked")
    with serve(primary, *urls) as hub:
        hub.await_faults(ReplicaFault.AWAY, ReplicaFault.OTHER_DATABASE, ReplicaFault.PROMOTED)
        assert hub.read_name()
        assert httpx2.get(f"{hub.address}/readyz", timeout=30).status_code == 200
        samples = {
            (sample.metric.name, *sample.labels): sample.value
            for sample in read_web_samples(hub.app)
            if "replica" in sample.metric.name or "row_reads" in sample.metric.name
        }
    assert samples[("hub_row_reads_total", "primary")] == 1
    assert [samples[("hub_replica_readers", number)] for number in "123"] == [0, 0, 0]
    assert not [key for key in samples if key[0] == "hub_replica_lag_seconds"]
    assert str(conninfo_to_dict(primary.url)["password"]) not in caplog.text


@pytest.mark.parametrize(
    ("urls", "said"),
    [
        ("postgresql://a:b@h/d,mysql://a:hidden@h/d", "URL 2 of HUB_REPLICA_URLS"),
        ("postgresql://a:b@h/d,", "URL 2 of HUB_REPLICA_URLS"),
        (",".join(["postgresql://a:hidden@h/d"] * 11), "has 11 URLs"),
    ],
)
def test_wrong_urls_are_refused_at_the_start(primary: Pair, urls: str, said: str) -> None:
    with pytest.raises(HubMisconfigured, match=said) as refused, serve(primary, urls):
        pass
    (finding,) = check_replicas(load_settings(replica_urls=urls), primary.url)
    assert (finding.what, finding.holds, said in finding.found) == ("replicas", False, True)
    assert "hidden" not in f"{refused.value}{finding}"
