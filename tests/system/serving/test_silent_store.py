"""A store that falls silent behind a network that keeps connections open: statements end, slow ones do not."""

import threading
import time
from collections.abc import Iterator

import polars as pl
import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from hub.errors import StoreUnavailable
from hub.ingest.read.reader import ReadBatch, Reader, ReaderContext, ReadState
from hub.ingest.run import connector_run as ingest
from hub.ingest.run.connector_run import RunChoices, run_connectors
from hub.store.connections import connection as watched
from hub.store.connections.connection import StoreConnection
from hub.store.engine import make_engine, store_url
from tests.system.servers.tcp_proxy import TcpProxy
from tests.system.trial import Trial, manifest, person

ENDS_WITHIN_S = 30
"""Generous: the constants below make it some two seconds on an idle machine."""


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "LOOK_EVERY_S", 0.1)
    monkeypatch.setattr(watched, "LOOK_AFTER_S", 0.3)
    monkeypatch.setattr(watched, "ANSWER_WITHIN_S", 2)


@pytest.fixture
def proxy(trial: Trial) -> Iterator[TcpProxy]:
    url = trial.engine.url
    with TcpProxy(url.host or "127.0.0.1", url.port or 5432) as made:
        yield made


def through(trial: Trial, proxy: TcpProxy) -> str:
    url = trial.engine.url.set(host="127.0.0.1", port=proxy.port, drivername="postgresql")
    return url.render_as_string(hide_password=False)


@pytest.mark.usefixtures("quick")
def test_a_statement_that_the_server_works_on_may_take_its_time(trial: Trial, proxy: TcpProxy) -> None:
    with StoreConnection.connect(through(trial, proxy), autocommit=True) as connection:
        assert connection.execute("select 1 from pg_sleep(2)").fetchone() == (1,)
        made = proxy.connections
        with connection.cursor() as cursor, cursor.copy("copy (select * from pg_sleep(1)) to stdout") as rows:
            assert list(rows)
    assert made >= 3  # it was asked about


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("in_flight", [True, False])
def test_a_statement_ends_where_nothing_passes(trial: Trial, proxy: TcpProxy, in_flight: bool) -> None:
    with StoreConnection.connect(through(trial, proxy), autocommit=True) as connection:
        if in_flight:
            threading.Timer(0.2, proxy.mute).start()
        else:
            proxy.mute()
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select pg_sleep(3600)")
        assert time.monotonic() - began < ENDS_WITHIN_S


@pytest.mark.usefixtures("quick")
def test_a_statement_that_the_server_never_got_ends_though_the_server_answers_others(
    trial: Trial, proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = StoreConnection.connect(through(trial, proxy), autocommit=True)
    connection.address = store_url(trial.engine)  # another way, which is open
    proxy.mute()
    with connection, pytest.raises(psycopg.OperationalError):
        connection.execute("select 1")


def test_every_connection_notices_a_server_that_went_away(trial: Trial) -> None:
    """Given or not: TCP itself gives up, within half a minute, and an operator's own value counts."""
    plain = store_url(trial.engine).partition("?")[0]
    with StoreConnection.connect(f"{plain}?keepalives_idle=7") as connection:
        held = connection.info.get_parameters()
    assert {name: held.get(name) for name in watched.SILENCE_TIMEOUTS} == {
        **watched.SILENCE_TIMEOUTS,
        "keepalives_idle": "7",
    }


class Muting(Reader):
    """A reader in whose first batch the store falls silent."""

    proxy: TcpProxy

    def whole(self, state: ReadState | None) -> bool:
        return True

    def read(self, state: ReadState | None) -> Iterator[ReadBatch]:
        text = "id;so;ten;sinh;xa;luc;them\n" + person(1)
        yield ReadBatch(pl.read_csv(text.encode(), separator=";", infer_schema=False))
        self.proxy.mute()


@pytest.mark.usefixtures("quick")
def test_a_run_ends_with_a_sentence_and_the_next_one_has_the_lock(trial: Trial, proxy: TcpProxy) -> None:
    def muting(context: ReaderContext) -> Reader:
        reader = Muting(context)
        reader.proxy = proxy
        return reader

    made = make_engine(through(trial, proxy))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ingest, "open_reader", muting)
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="was lost during the run"):
            run_connectors(made, [manifest("TRIAL_FOLDER")], RunChoices())
        assert time.monotonic() - began < ENDS_WITHIN_S
    made.dispose()
    proxy.speak()
    trial.write(person(1))
    report = trial.sync()
    assert (report.status, report.counts[0].added) == ("SUCCEEDED", 1)


@pytest.mark.usefixtures("quick")
def test_commands_that_read_the_store_end_too(trial: Trial, proxy: TcpProxy) -> None:
    made = make_engine(through(trial, proxy))
    with made.connect() as connection:
        proxy.mute()
        with pytest.raises(OperationalError):
            connection.exec_driver_sql("select count(*) from hub.run")
        connection.invalidate()
    made.dispose()
