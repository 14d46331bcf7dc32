"""Changes of a real PostgreSQL, followed: what a hub holds after each read is what the table holds, whatever happened."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read import open_reader
from hub.ingest.read.cdc import follow, slot
from hub.ingest.read.cdc.reader import CdcReader
from hub.ingest.read.cdc.slot import measure_lag
from hub.ingest.read.reader import ReadBatch, ReadState
from hub.ingest.run import connector_run as ingest
from hub.store.engine import make_engine
from hub.store.server.embedded import EmbeddedServer
from tests.system.reading import context
from tests.system.servers.tcp_proxy import TcpProxy

SETTINGS = {
    "wal_level": "logical",
    "max_wal_senders": "4",
    "max_replication_slots": "10",
    # A commit that is not yet on disk is not in the log for followers.
    "synchronous_commit": "on",
    "shared_buffers": "32MB",
}
SLOT = "hub_trial_people"


@pytest.fixture(scope="module")
def source_server(scratch: Path) -> Iterator[EmbeddedServer]:
    """A server of a sector, whose log can be followed."""
    with EmbeddedServer.start(scratch / "source", durable=False, settings=SETTINGS) as server:
        yield server


@dataclass
class Hub:
    """What a hub keeps of the table: rows and state, each moved by whole commits only."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    state: ReadState | None = None
    batches: int = 0
    notes: list[str] = field(default_factory=list)
    staged: list[pl.DataFrame] = field(default_factory=list)
    opened: list[CdcReader] = field(default_factory=list)

    def reader(self, **more: Any) -> CdcReader:
        stream = {"table": "public.people", **more.pop("stream", {})}
        source = {"kind": "cdc", "url": {"env": "TRIAL_SOURCE"}, **more.pop("source", {})}
        made = open_reader(context(source, stream, **more))
        assert isinstance(made, CdcReader)
        self.opened.append(made)
        return made

    def sync(self, *, crash: bool = False, **more: Any) -> bool:
        """A run of the engine. With `crash`, it ends between commit and acknowledgement. Returns whether it was whole."""
        reader = self.reader(**more)
        try:
            whole = reader.whole(self.state)
            if whole:
                self.rows = {}
            for batch in reader.read(self.state):
                self.take(batch)
                if batch.state is not None and not crash:
                    reader.acknowledge([batch.token])
            return whole
        finally:
            self.notes = reader.notes
            reader.close()

    def take(self, batch: ReadBatch) -> None:
        self.batches += 1
        self.staged.append(batch.frame)
        if batch.state is None:
            assert not batch.commit
            return
        for frame in self.staged:
            for row in frame.to_dicts():
                op = row.pop("_op")
                self.rows.pop(row["id"], None)
                if op != "D":
                    self.rows[row["id"]] = row
        self.staged, self.state = [], batch.state


@dataclass
class Sector:
    """The source: a database with a table of people and its publication."""

    server: EmbeddedServer
    url: str

    def run(self, *statements: str) -> None:
        """Statements, each a transaction of its own."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def one(self, query: str) -> Any:
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(query).fetchone()
            return row[0] if row else None

    def people(self) -> dict[str, dict[str, Any]]:
        with psycopg.connect(self.url) as connection:
            cursor = connection.execute("select id::text, ten, ghi_chu from people")
            return {i: {"id": i, "ten": ten, "ghi_chu": note} for i, ten, note in cursor}


@pytest.fixture
def sector(source_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sector]:
    source_server.create_database("sector")
    made = Sector(source_server, source_server.url("sector"))
    made.run(
        "create table people (id int primary key, ten text, ghi_chu text)",
        "alter table people alter ghi_chu set storage external",
        "create table other (id int)",
        "create publication hub for table people",
        "insert into people values (1, 'Nguyễn Thị Hoà', ''), (2, E'Lê \"Văn\"\\nAn, x', null), (3, 'Đỗ', 'x')",
    )
    monkeypatch.setenv("TRIAL_SOURCE", made.url)
    yield made
    with psycopg.connect(source_server.url("postgres"), autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(active_pid) from pg_replication_slots where active")
        connection.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots")
    source_server.drop_database("sector")


@pytest.fixture
def hub(sector: Sector) -> Iterator[Hub]:
    made = Hub()
    yield made
    for reader in made.opened:
        reader.close()


# --- Snapshot and changes ---------------------------------------------------------------------------------------------


def test_snapshot_and_changes_hold_what_the_table_holds(sector: Sector, hub: Hub) -> None:
    assert hub.sync() is True
    assert hub.rows == sector.people()
    sector.run(
        "insert into people values (4, 'Trần', null)",
        "update people set ten = 'Lê Văn An' where id = 2",
        "delete from people where id = 3",
        "update people set id = 10 where id = 1",
    )
    assert hub.sync() is False
    assert hub.rows == sector.people()
    assert sorted(hub.rows) == ["10", "2", "4"]


def test_a_change_says_what_it_is_and_a_delete_has_its_key_alone(sector: Sector, hub: Hub) -> None:
    hub.sync()
    sector.run(
        "insert into people values (4, 'a', 'b')",
        "update people set id = 5 where id = 4",
        "delete from people where id = 5",
    )
    (batch,) = hub.reader().read(hub.state)
    assert batch.frame.rows() == [
        ("4", "a", "b", "I"),
        ("4", None, None, "D"),
        ("5", "a", "b", "U"),
        ("5", None, None, "D"),
    ]
    assert batch.commit
    assert batch.token == (batch.state or {})["lsn"]


def test_values_are_the_same_text_from_snapshot_log_and_lookup(sector: Sector, hub: Hub) -> None:
    sector.run(
        "create table kinds (id int primary key, b bool, y bytea, d date, t timestamptz, n numeric(8,2), f float8,"
        " i interval, j jsonb, a text[], c char(4), g int generated always as (id * 2) stored)",
        "alter publication hub add table kinds",
    )
    values = (
        "true, '\\x00ff', '2025-07-01', '2025-07-01 08:00+07', 1.5, 0.1, '1 day 2 h', '{\"a\": 1}', '{x,\"y z\"}', 'ab'"
    )
    columns = "(id, b, y, d, t, n, f, i, j, a, c)"
    stream = {"table": "public.kinds"}
    sector.run(f"insert into kinds {columns} values (1, {values})")
    snapshot = list(hub.reader(stream=stream).read(None))
    sector.run(f"insert into kinds {columns} values (2, {values})")
    (changes,) = hub.reader(stream=stream).read(snapshot[-1].state)
    (looked,) = hub.reader(stream=stream).lookup(pl.DataFrame({"id": ["2", "77"]}))
    read, logged = snapshot[0].frame, changes.frame
    assert read.columns == logged.columns == looked.columns == snapshot[-1].frame.columns
    assert read.drop("id").rows() == logged.drop("id").rows() == looked.drop("id").rows()
    row = logged.to_dicts()[0]
    assert (row["b"], row["y"], row["t"]) == ("true", "00ff", "2025-07-01 01:00:00+00")
    assert "g" not in row


def test_changes_during_the_snapshot_come_once_and_rows_never_go_back(sector: Sector, hub: Hub) -> None:
    sector.run("insert into people select n, 'a', null from generate_series(10, 500) n")
    reader = hub.reader(batch_rows=100)
    with psycopg.connect(sector.url) as late:
        late.execute("update people set ten = 'late' where id = 11")
        # A slot waits for the transactions that write: this one begins again after it was made.
        late.rollback()
        batches = reader.read(None)
        hub.take(next(batches))
        late.execute("update people set ten = 'late' where id = 11")
        late.commit()
    sector.run("delete from people where id = 12", "insert into people values (900, 'new', null)")
    for batch in batches:
        hub.take(batch)
    reader.close()
    assert hub.rows["11"]["ten"] == "a"
    assert len(hub.rows) == 494
    assert hub.sync() is False
    assert hub.rows == sector.people()


def test_what_the_snapshot_shows_does_not_come_again(sector: Sector, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    made = slot.recreate_slot

    def remake_and_change(*arguments: Any) -> int:
        at = made(*arguments)
        sector.run(
            *["update people set ten = 'first' where id = 1"] * 9, "update people set ten = 'second' where id = 1"
        )
        return at

    monkeypatch.setattr(slot, "recreate_slot", remake_and_change)
    hub.sync()
    assert hub.rows["1"]["ten"] == "second"
    sector.run("update people set ten = 'third' where id = 1")
    changes = pl.concat([batch.frame for batch in hub.reader(batch_rows=2).read(hub.state)])
    assert changes["ten"].to_list() == ["third"]


def test_a_large_transaction_comes_in_pieces_and_commits_at_its_end(sector: Sector, hub: Hub) -> None:
    hub.sync()
    sector.run(
        "insert into people values (5, 'before', null)",
        "insert into people select n, 'many', null from generate_series(1000, 6000) n",
        "insert into people values (6, 'after', null)",
    )
    batches = list(hub.reader(batch_rows=1000).read(hub.state))
    assert max(len(batch.frame) for batch in batches) <= 1000
    assert [batch.state is not None for batch in batches[:5]] == [False] * 5
    for batch in batches:
        hub.take(batch)
    assert hub.rows == sector.people()


def test_a_transaction_cut_exactly_at_its_end_is_committed_at_once(sector: Sector, hub: Hub) -> None:
    hub.sync()
    stop = threading.Event()
    thread = following(hub, hub.reader(follow=stop, batch_rows=10), [])
    sector.run("insert into people select n, 'x', null from generate_series(100, 109) n")
    until(lambda: hub.rows == sector.people(), seconds=follow.CHECK_EVERY_S / 2)
    stop.set()
    thread.join(20)


def test_many_small_transactions_are_read_on_although_nothing_is_acknowledged(sector: Sector, hub: Hub) -> None:
    hub.sync()
    sector.run(*(f"insert into people values ({n}, 'x', null)" for n in range(100, 160)))
    hub.sync(batch_rows=4, crash=True)
    assert hub.rows == sector.people()
    assert hub.batches > 10


def test_an_empty_table_gives_its_columns(sector: Sector, hub: Hub) -> None:
    sector.run("delete from people")
    hub.sync()
    assert hub.rows == {}
    (batch,) = hub.reader().read(None)
    assert batch.frame.columns == ["id", "ten", "ghi_chu", "_op"]


def test_a_publication_of_some_columns_and_rows(sector: Sector, hub: Hub) -> None:
    sector.run("alter publication hub set table people (id, ten) where (id < 100)")
    sector.run("insert into people values (200, 'outside', null)")
    hub.sync()
    sector.run("insert into people values (4, 'in', null), (201, 'outside', null)")
    hub.sync()
    assert sorted(hub.rows) == ["1", "2", "3", "4"]
    assert set(hub.rows["4"]) == {"id", "ten"}


# --- Large values -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("identity", ["default", "full"])
def test_a_large_value_that_an_update_left_alone_is_kept(sector: Sector, hub: Hub, identity: str) -> None:
    sector.run(f"alter table people replica identity {identity}")
    sector.run("insert into people values (4, 'a', repeat('dài ', 3000)), (5, 'b', repeat('lớn ', 3000))")
    hub.sync()
    sector.run(
        "update people set ten = 'changed' where id = 4",
        "update people set id = 40 where id = 4",
        "update people set ten = 'changed' where id = 5",
        "delete from people where id = 5",
    )
    hub.sync()
    assert hub.rows == sector.people()
    assert len(hub.rows["40"]["ghi_chu"]) == 12_000


def test_a_large_value_of_a_column_that_is_gone_since(sector: Sector, hub: Hub) -> None:
    sector.run("insert into people values (4, 'a', repeat('dài ', 3000))")
    hub.sync()
    sector.run("update people set ten = 'changed' where id = 4", "alter table people drop ghi_chu")
    hub.sync()
    assert hub.rows["4"] == {"id": "4", "ten": "changed", "ghi_chu": None}


# --- What must be read whole ------------------------------------------------------------------------------------------


def test_a_truncated_table_is_read_whole_in_the_same_run(sector: Sector, hub: Hub) -> None:
    hub.sync()
    sector.run(
        "insert into people values (4, 'a', null)", "truncate people", "insert into people values (5, 'b', null)"
    )
    assert hub.sync() is True
    assert "truncated or rewritten" in hub.notes[0]
    assert hub.rows == sector.people()
    assert hub.sync() is False


def test_a_truncate_that_comes_while_it_is_read_ends_the_read_and_the_next_is_whole(sector: Sector, hub: Hub) -> None:
    hub.sync()
    sector.run("insert into people values (4, 'a', null)")
    reader = hub.reader()
    assert reader.whole(hub.state) is False
    sector.run("truncate people", "insert into people values (5, 'b', null)")

    def read_on() -> None:
        for batch in reader.read(hub.state):
            hub.take(batch)

    with pytest.raises(SourceUnavailable, match=r"truncated.*read whole"):
        read_on()
    assert sorted(hub.rows) == ["1", "2", "3", "4"]
    assert hub.sync() is True
    assert hub.rows == sector.people()


PARTITIONED = (
    "create table parted (id int, thang int, ten text, ghi_chu text, primary key (id, thang)) partition by list (thang)",
    "create table parted1 partition of parted for values in (1)",
    "create table parted2 partition of parted for values in (2)",
    "insert into parted values (1, 1, 'a', null), (2, 1, 'b', null), (3, 2, 'c', null)",
    "alter publication hub set (publish_via_partition_root)",
    "alter publication hub add table parted",
)
UNLOGGED = {
    "truncated": ["truncate parted2"],
    "detached": ["alter table parted detach partition parted2"],
    "dropped": ["drop table parted2"],
    "attached": [
        "create table parted4 (like parted including all)",
        "insert into parted4 values (9, 4, 'd', null)",
        "alter table parted attach partition parted4 for values in (4)",
    ],
    "rewritten": ["alter table parted alter ten type text using upper(ten)"],
}


@pytest.mark.parametrize("what", UNLOGGED)
def test_what_the_log_does_not_tell_of_partitions_is_noticed_and_mended_in_the_same_run(
    sector: Sector, hub: Hub, what: str
) -> None:
    sector.run(*PARTITIONED)
    stream = {"table": "public.parted"}
    hub.sync(stream=stream)
    sector.run("insert into parted values (4, 2, 'e', null)")
    assert hub.sync(stream=stream) is False
    assert sorted(hub.rows) == ["1", "2", "3", "4"]
    sector.run(*UNLOGGED[what])
    assert hub.sync(stream=stream) is True
    assert "public.parted is read whole" in hub.notes[0]
    with psycopg.connect(sector.url) as connection:
        there = connection.execute("select id::text, thang::text, ten, ghi_chu from parted").fetchall()
    assert sorted(tuple(row.values()) for row in hub.rows.values()) == sorted(there)
    assert hub.sync(stream=stream) is False


def test_a_partition_made_in_advance_costs_no_snapshot(sector: Sector, hub: Hub) -> None:
    sector.run(*PARTITIONED)
    stream = {"table": "public.parted"}
    hub.sync(stream=stream)
    sector.run("create table parted3 partition of parted for values in (3)")
    assert hub.sync(stream=stream) is False
    sector.run("insert into parted values (5, 3, 'e', null)")
    assert hub.sync(stream=stream) is False
    assert sorted(hub.rows) == ["1", "2", "3", "5"]


def test_a_publication_that_was_altered_for_a_while_is_noticed(sector: Sector, hub: Hub) -> None:
    hub.sync()
    sector.run("alter publication hub set (publish = 'insert')", "delete from people where id = 1")
    sector.run("alter publication hub set (publish = 'insert, update, delete, truncate')")
    assert hub.sync() is True
    assert hub.rows == sector.people()


def test_truncate_of_another_table_is_nothing(sector: Sector, hub: Hub) -> None:
    sector.run("alter publication hub add table other")
    hub.sync()
    sector.run("truncate other", "insert into people values (4, 'a', null)")
    assert hub.sync() is False
    assert hub.rows == sector.people()


def test_a_lost_slot_means_a_snapshot_and_says_so(sector: Sector, hub: Hub) -> None:
    hub.sync()
    sector.run(f"select pg_drop_replication_slot('{SLOT}')", "delete from people where id = 1")
    assert hub.sync() is True
    assert hub.rows == sector.people()
    assert "no slot" in hub.notes[0]


def test_an_older_hub_database_means_a_snapshot(sector: Sector, hub: Hub) -> None:
    hub.sync()
    backup = hub.state
    sector.run("delete from people where id = 1")
    hub.sync()
    hub.state = backup
    assert hub.sync() is True
    assert "moved by another reader" in hub.notes[0]


@pytest.mark.parametrize("key", ["system", "timeline", "table", "publication"])
def test_another_database_means_a_snapshot(sector: Sector, hub: Hub, key: str) -> None:
    hub.sync()
    assert hub.state is not None
    hub.state = {**hub.state, key: 4711}
    assert hub.sync() is True


def test_a_table_that_was_out_of_the_publication_is_read_whole(sector: Sector, hub: Hub) -> None:
    hub.sync()
    sector.run(
        "alter publication hub drop table people",
        "delete from people where id = 1",
        "alter publication hub add table people",
    )
    assert hub.sync() is True
    assert hub.rows == sector.people()


def test_a_follower_notices_that_its_table_was_taken_out(
    sector: Sector, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "CHECK_EVERY_S", 0.1)
    hub.sync()
    errors: list[Exception] = []
    thread = following(hub, hub.reader(follow=threading.Event()), errors)
    sector.run("alter publication hub drop table people")
    thread.join(20)
    assert isinstance(errors[0], HubMisconfigured)
    assert "not in the publication" in str(errors[0])


def test_a_table_made_anew_is_read_whole(sector: Sector, hub: Hub) -> None:
    sector.run("drop publication hub", "create publication hub for all tables")
    hub.sync()
    sector.run("alter table people rename to old", "create table people (id int primary key, ten text, ghi_chu text)")
    sector.run("insert into people values (7, 'new', null)")
    assert hub.sync() is True
    assert sorted(hub.rows) == ["7"]


def test_a_slot_that_holds_back_too_much_is_dropped(sector: Sector, hub: Hub) -> None:
    hub.sync()
    sector.run("insert into people values (4, 'a', null)", "insert into other select generate_series(1, 40000)")
    held = measure_lag(sector.url, SLOT)
    assert held is not None
    assert held > 2 << 20
    assert hub.sync(source={"max_lag": "1 MB"}) is True
    assert "max_lag" in hub.notes[0]
    assert hub.rows == sector.people()
    assert (measure_lag(sector.url, SLOT) or 0) < 1 << 20
    assert measure_lag(sector.url, "hub_nobody") is None


def test_changes_of_other_tables_alone_let_the_slot_go_on(sector: Sector, hub: Hub) -> None:
    hub.sync()
    confirmed = f"select confirmed_flush_lsn > '{(hub.state or {})['lsn']}' from pg_replication_slots"
    sector.run("insert into other select generate_series(1, 1000)")
    assert hub.sync() is False
    assert sector.one(confirmed) is True
    assert hub.sync() is False
    assert hub.rows == sector.people()


def test_a_follower_lets_the_slot_go_on_where_only_other_tables_change(
    sector: Sector, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "CHECK_EVERY_S", 0.1)
    hub.sync()
    stop = threading.Event()
    thread = following(hub, hub.reader(follow=stop), [])
    sector.run("insert into other select generate_series(1, 1000)")
    at = sector.one("select pg_current_wal_lsn()")
    until(lambda: sector.one(f"select confirmed_flush_lsn >= '{at}' from pg_replication_slots"))
    stop.set()
    thread.join(20)


# --- Crashes and restarts ---------------------------------------------------------------------------------------------


def test_a_crash_between_commit_and_acknowledgement_doubles_nothing(sector: Sector, hub: Hub) -> None:
    hub.sync()
    sector.run("insert into people values (4, 'a', null)", "update people set ten = 'b' where id = 4")
    hub.sync(crash=True)
    sector.run("update people set ten = 'c' where id = 4")
    changes = pl.concat([batch.frame for batch in hub.reader().read(hub.state)])
    assert changes.select("ten", "_op").rows() == [("c", "U")]


def test_a_crash_before_the_commit_loses_nothing(sector: Sector, hub: Hub) -> None:
    hub.sync()
    sector.run("delete from people where id = 1")
    list(hub.reader().read(hub.state))
    hub.sync()
    assert hub.rows == sector.people()


def test_a_snapshot_that_was_given_up_leaves_no_slot(sector: Sector, hub: Hub) -> None:
    sector.run("insert into people select n, 'a', null from generate_series(10, 500) n")
    reader = hub.reader(batch_rows=100)
    batches = reader.read(None)
    next(batches)
    batches.close()  # type: ignore[attr-defined]  # a generator
    reader.close()
    assert measure_lag(sector.url, SLOT) is None
    assert hub.sync() is True
    assert hub.rows == sector.people()


def following(hub: Hub, reader: CdcReader, errors: list[Exception]) -> threading.Thread:
    def go() -> None:
        try:
            for batch in reader.read(hub.state):
                hub.take(batch)
                reader.acknowledge([batch.token])
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    return thread


def until(condition: Any, seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_a_cursor_is_closed_also_where_its_server_is_gone(postgres_server: EmbeddedServer) -> None:
    url = postgres_server.url("postgres")
    with psycopg.connect(url, autocommit=True) as other, psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.cursor(name="hub_changes", withhold=True)
        cursor.execute("select generate_series(1, 1000)")
        other.execute("select pg_terminate_backend(%s)", (connection.info.backend_pid,))
        slot.close_cursor(cursor)
        assert cursor.closed


def test_following_outlives_a_restart_of_the_source(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = EmbeddedServer.start(scratch / "restarted", durable=False, settings=SETTINGS)
    url = server.url("postgres")
    monkeypatch.setenv("TRIAL_SOURCE", url)
    made = Sector(server, url)
    made.run(
        "create table people (id int primary key, ten text, ghi_chu text)", "create publication hub for table people"
    )
    hub, stop, errors = Hub(), threading.Event(), list[Exception]()
    hub.sync()
    reader = hub.reader(follow=stop, source={"attempts": 8})
    thread = following(hub, reader, errors)
    try:
        made.run("insert into people values (1, 'before', null)")
        until(lambda: hub.rows == made.people())
        server.stop()
        server = EmbeddedServer.start(scratch / "restarted", durable=False, settings=SETTINGS)
        made.run("insert into people values (2, 'after', null)", "delete from people where id = 1")
        until(lambda: sorted(hub.rows) == ["2"] or errors)
        assert errors == []
    finally:
        stop.set()
        thread.join(20)
        reader.close()
        server.stop()
    assert not thread.is_alive()


def test_following_ends_when_the_source_stays_away(sector: Sector, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.sync()
    reader = hub.reader(follow=threading.Event(), source={"attempts": 2})
    errors: list[Exception] = []
    monkeypatch.setenv("TRIAL_SOURCE", sector.url)
    thread = following(hub, reader, errors)
    sector.run("insert into people values (4, 'a', null)")
    until(lambda: "4" in hub.rows)
    sector.server.drop_database("sector")
    thread.join(20)
    sector.server.create_database("sector")
    reader.close()
    assert isinstance(errors[0], SourceUnavailable)


def test_a_slot_dropped_while_it_is_followed_is_no_silence(sector: Sector, hub: Hub) -> None:
    hub.sync()
    errors: list[Exception] = []
    reader = hub.reader(follow=threading.Event(), source={"attempts": 2})
    thread = following(hub, reader, errors)
    sector.run("insert into people values (4, 'a', null)")
    until(lambda: "4" in hub.rows)
    drop = "select pg_drop_replication_slot(slot_name) from pg_replication_slots where not active"
    until(lambda: not tried(lambda: sector.run(drop)) and measure_lag(sector.url, SLOT) is None)
    sector.run("insert into people values (5, 'b', null)")
    thread.join(20)
    reader.close()
    assert isinstance(errors[0], SourceUnavailable)
    assert "dropped the slot" in str(errors[0])
    assert hub.sync() is True
    assert hub.rows == sector.people()


@pytest.mark.parametrize("connection", ["lost", "kept"])
def test_a_slot_that_was_created_again_between_two_looks_is_noticed(sector: Sector, hub: Hub, connection: str) -> None:
    hub.sync()
    stop = threading.Event()
    reader = hub.reader(follow=stop)
    batches = reader.read(hub.state)
    sector.run("insert into people values (4, 'a', null)")
    while "4" not in hub.rows:
        batch = next(batches)
        hub.take(batch)
        reader.acknowledge([batch.token])
    # The reader looks again when it is asked for the next batch, so all of this happens between two looks.
    if connection == "lost":
        sector.run("select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'hub'")
    sector.run(
        f"select pg_drop_replication_slot('{SLOT}')",
        "delete from people where id = 4",
        f"select pg_create_logical_replication_slot('{SLOT}', 'pgoutput')",
        "insert into people values (5, 'b', null)",
    )
    ending = threading.Timer(60, stop.set)
    ending.start()
    with pytest.raises(SourceUnavailable, match="moved by another reader"):
        list(map(hub.take, batches))
    ending.cancel()
    reader.close()
    assert hub.sync() is True
    assert hub.rows == sector.people()


def tried(action: Any) -> bool:
    """Whether something failed."""
    try:
        action()
    except psycopg.Error:
        return True
    return False


# --- Schema changes ---------------------------------------------------------------------------------------------------


def test_columns_that_come_and_go_begin_another_frame(sector: Sector, hub: Hub) -> None:
    hub.sync()
    sector.run(
        "insert into people values (4, 'old', null)",
        "alter table people add moi text default 'm'",
        "insert into people (id, moi) values (5, 'x')",
        "alter table people drop ghi_chu",
        "insert into people (id, moi) values (6, 'y')",
    )
    batches = list(hub.reader().read(hub.state))
    assert [batch.frame.columns[:-1] for batch in batches] == [
        ["id", "ten", "ghi_chu"],
        ["id", "ten", "ghi_chu", "moi"],
        ["id", "ten", "moi"],
    ]
    assert all(batch.state is not None for batch in batches)
    assert [frame["id"].to_list() for frame in (batch.frame for batch in batches)] == [["4"], ["5"], ["6"]]


def test_a_schema_change_within_a_transaction_commits_at_its_end(sector: Sector, hub: Hub) -> None:
    hub.sync()
    with psycopg.connect(sector.url) as connection:
        connection.execute("insert into people values (4, 'old', null)")
        connection.execute("alter table people add moi text")
        connection.execute("insert into people values (5, 'new', null, 'm')")
    first, second = hub.reader().read(hub.state)
    assert (first.state, first.commit) == (None, False)
    assert second.state is not None


# --- What the owner must do -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "said", "step"),
    [
        (
            "drop publication hub",
            "the publication hub does not exist",
            'CREATE PUBLICATION "hub" FOR TABLE "public"."people"',
        ),
        ("alter publication hub drop table people", "not in the publication", 'ALTER PUBLICATION "hub" ADD TABLE'),
        ("alter publication hub set (publish = 'insert')", "omits", "SET (publish = "),
        ("alter table people drop constraint people_pkey", "replica identity", "REPLICA IDENTITY FULL"),
        ("alter table people replica identity nothing", "replica identity", "REPLICA IDENTITY FULL"),
        ("alter table people add _op text", "has a column _op", "exclude _op"),
    ],
)
def test_what_is_not_set_up_says_what_to_run(sector: Sector, hub: Hub, statement: str, said: str, step: str) -> None:
    sector.run(statement)
    with pytest.raises(HubMisconfigured) as raised:
        hub.sync()
    assert said in raised.value.message
    assert step in (raised.value.next_step or "")
    assert measure_lag(sector.url, SLOT) is None


def test_a_source_without_logical_decoding(postgres_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAL_SOURCE", postgres_server.url("postgres"))
    with pytest.raises(HubMisconfigured, match="wal_level = logical"):
        Hub().sync()


def test_a_missing_table(sector: Sector, hub: Hub) -> None:
    with pytest.raises(SourceUnavailable, match=r"the table public\.nobody"):
        hub.sync(stream={"table": "public.nobody"})


def test_missing_rights_say_what_to_grant(sector: Sector, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    sector.run("drop role if exists reader", "create role reader login password 'x'")
    user, _, rest = sector.url.partition("@")
    monkeypatch.setenv("TRIAL_SOURCE", f"postgresql://reader:x@{rest}")
    assert user
    with pytest.raises(SourceUnavailable, match="ALTER ROLE … REPLICATION"):
        hub.sync()
    sector.run("alter role reader replication")
    with pytest.raises(SourceUnavailable, match="grant usage on its schema, and select"):
        hub.sync()
    assert measure_lag(sector.url, SLOT) is None
    sector.run("grant select on people to reader")
    assert hub.sync() is True
    sector.run("delete from people where id = 1")
    hub.sync()
    assert hub.rows == sector.people()
    sector.run("drop owned by reader", "drop role reader")


def test_a_wrong_password_is_said_at_once_and_not_repeated(
    sector: Sector, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TcpProxy("127.0.0.1", sector.server.port) as proxy:
        monkeypatch.setenv("TRIAL_SOURCE", f"postgresql://hub:wrong-secret@127.0.0.1:{proxy.port}/sector")
        with pytest.raises(SourceUnavailable) as raised:
            hub.sync(source={"attempts": 10})
        assert proxy.connections == 1
    assert "wrong-secret" not in str(raised.value)


def test_another_database_of_the_server_has_the_slot(sector: Sector, hub: Hub) -> None:
    with psycopg.connect(sector.server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"select pg_create_logical_replication_slot('{SLOT}', 'pgoutput')")
    with pytest.raises(HubMisconfigured, match="another database"):
        hub.sync()


def test_a_transaction_that_runs_on_does_not_hold_up_the_hub_for_ever(sector: Sector, hub: Hub) -> None:
    with psycopg.connect(sector.url) as long:
        long.execute("insert into other values (1)")
        with pytest.raises(SourceUnavailable, match="open transactions at the source"):
            hub.sync(source={"timeout_s": 0.3})
    assert measure_lag(sector.url, SLOT) is None


# --- Keys and lookups -------------------------------------------------------------------------------------------------


def test_keys_and_lookups(sector: Sector, hub: Hub) -> None:
    reader = hub.reader()
    assert pl.concat(reader.keys()).rows() == [("1",), ("2",), ("3",)]
    (found,) = reader.lookup(pl.DataFrame({"id": ["2", "9"]}))
    assert found.drop("_op").to_dicts() == [sector.people()["2"]]
    reader.close()


def test_tables_of_several_key_columns(sector: Sector, hub: Hub) -> None:
    sector.run(
        'create table "Hộ khẩu" (xa char(5), so int, ten text, primary key (xa, so))',
        'alter publication hub add table "Hộ khẩu"',
        """insert into "Hộ khẩu" values ('06820', 1, 'a'), ('06820', 2, 'b')""",
    )
    stream: dict[str, Any] = {"table": "public.Hộ khẩu", "key": ["xa", "so"]}
    reader = hub.reader(stream=stream)
    *_, last = reader.read(None)
    sector.run("""update "Hộ khẩu" set so = 3 where so = 2""")
    (changes,) = hub.reader(stream=stream).read(last.state)
    assert changes.frame.rows() == [("06820", "2", None, "D"), ("06820", "3", "b", "U")]
    (found,) = reader.lookup(pl.DataFrame({"xa": ["06820", "06820"], "so": ["1", "2"]}))
    assert found.rows() == [("06820", "1", "a", "I")]


# --- Through the engine -----------------------------------------------------------------------------------------------


def test_the_store_holds_what_the_table_holds(sector: Sector, database_url: str) -> None:
    store = make_engine(database_url)
    sector.run(
        "create table citizens (id text primary key, ten text, xa text)",
        "alter publication hub add table citizens",
        "insert into citizens select '0220850012' || n, 'Lê Văn An', '06820' from generate_series(10, 39) n",
    )
    fields = {
        "personal_id": "id",
        "full_name": "ten",
        "residence_unit_code": {"template": "{xa}@2020-01-01"},
    }
    stream = {"table": "citizens", "key": ["id"], "emits": {"Citizen": {"fields": fields}}}
    manifest = context({"kind": "cdc", "url": {"env": "TRIAL_SOURCE"}}, stream).manifest

    def sync() -> tuple[str, int, int, int]:
        (report,) = ingest.run_connectors(store, [manifest])
        (count,) = report.counts
        assert report.problems == ()
        with store.connect() as connection:
            held = connection.exec_driver_sql("select source_key, full_name from data.citizen").fetchall()
        with psycopg.connect(sector.url) as source:
            assert sorted(map(tuple, held)) == sorted(source.execute("select id, ten from citizens").fetchall())
        return report.status, count.added, count.changed, count.deleted

    assert sync() == ("SUCCEEDED", 30, 0, 0)
    sector.run(
        "update citizens set ten = 'Trần Thị Bình' where id = '022085001210'",
        "delete from citizens where id = '022085001211'",
        "update citizens set id = '022085001299' where id = '022085001212'",
        "insert into citizens values ('022085001298', 'a', '06820')",
        "delete from citizens where id = '022085001298'",
    )
    assert sync() == ("SUCCEEDED", 1, 1, 2)
    assert sync() == ("SUCCEEDED", 0, 0, 0)
    sector.run("truncate citizens", "insert into citizens values ('022085001210', 'Trần Thị Bình', '06820')")
    (report,) = ingest.run_connectors(store, [manifest])
    assert report.notes, report
    assert "truncated" in report.notes[0]
    assert any("no longer has" in problem for problem in report.problems), report
    ingest.run_connectors(
        store, [manifest], ingest.RunChoices(accept_deletes=True)
    )  # what was held back is looked at again
    assert sync() == ("SUCCEEDED", 0, 0, 0)
    store.dispose()


def test_a_row_that_leaves_its_condition_takes_its_record_along(sector: Sector, database_url: str) -> None:
    """A record lives as long as its row and its `when` do; a row that comes back, back comes its record, and others stay."""
    store = make_engine(database_url)
    people = {n: f"02208500121{n}" for n in range(5)}
    sector.run(
        "create table citizens (id text primary key, ten text, con text)",
        "alter publication hub add table citizens",
        *(f"insert into citizens values ('{number}', 'Lê Văn An', '{'khong' if n == 4 else 'co'}')" for n, number in people.items()),
    )  # fmt: skip
    emit = {"when": {"column": "con", "values": ["co"]}, "fields": {"personal_id": "id", "full_name": "ten"}}
    stream = {"table": "citizens", "key": ["id"], "emits": {"Citizen": emit}}
    manifest = context({"kind": "cdc", "url": {"env": "TRIAL_SOURCE"}}, stream).manifest

    def sync() -> tuple[int, int, int]:
        (report,) = ingest.run_connectors(store, [manifest])
        assert (report.status, report.problems) == ("SUCCEEDED", ())
        (count,) = report.counts
        with store.connect() as connection:
            held = connection.exec_driver_sql("select source_key, full_name from data.citizen").fetchall()
        with psycopg.connect(sector.url) as source:
            wanted = source.execute("select id, ten from citizens where con = 'co'").fetchall()
        assert sorted(map(tuple, held)) == sorted(wanted)
        return count.added, count.changed, count.deleted

    assert sync() == (4, 0, 0)
    sector.run(
        f"update citizens set con = 'khong' where id = '{people[0]}'",  # leaves
        f"update citizens set con = 'khong', ten = 'Lê Văn Hai' where id = '{people[1]}'",  # leaves, changed too
        f"update citizens set con = 'khong' where id = '{people[2]}'",  # leaves and comes back
        f"update citizens set con = 'co' where id = '{people[2]}'",
        f"update citizens set con = 'co' where id = '{people[4]}'",  # comes
    )
    assert sync() == (1, 0, 2)
    assert sync() == (0, 0, 0)
    sector.run(f"update citizens set con = 'co' where id = '{people[1]}'", f"delete from citizens where id = '{people[0]}'")  # fmt: skip
    assert sync() == (1, 0, 0)
    store.dispose()
