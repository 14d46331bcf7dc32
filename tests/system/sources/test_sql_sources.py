"""The sql reader on real databases: PostgreSQL, MariaDB where one listens, SQLite. Whole, since a cursor, keys, by key, faults."""

import os
import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import OperationalError

from hub.errors import HubError, HubMisconfigured, SourceUnavailable
from hub.ingest.read import open_reader
from hub.ingest.read.reader import ReadBatch, ReaderContext, ReadState
from hub.ingest.read.sql.errors import DATABASE_FAULTS
from hub.store.server.embedded import EmbeddedServer
from tests.system.reading import context, together
from tests.system.servers.tcp_proxy import TcpProxy

MARIADB = os.environ.get("HUB_TEST_MARIADB_URL", "mysql+pymysql://root@127.0.0.1:3306/test")
SECRET = "Nguyễn Văn Kín"


@dataclass
class Source:
    """A database of a test: how the reader reaches it, and how the test writes to it."""

    kind: str
    url: str
    engine: Engine
    patch: pytest.MonkeyPatch
    options: dict[str, Any] = field(default_factory=dict)

    def run(self, *statements: str) -> None:
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def context(
        self, table: str = "people", *, url: str | None = None, batch_rows: int = 10, **stream: Any
    ) -> ReaderContext:
        self.patch.setenv("TRIAL_DATABASE_URL", url or self.url)
        source = {"kind": "sql", "url": {"env": "TRIAL_DATABASE_URL"}, "attempts": 3, "timeout_s": 30, **self.options}
        return context(source, {"table": table, **stream}, batch_rows=batch_rows)

    def batches(self, state: ReadState | None = None, **stream: Any) -> list[ReadBatch]:
        reader = open_reader(self.context(**stream))
        try:
            return list(reader.read(state))
        finally:
            reader.close()

    def rows(self, state: ReadState | None = None, **stream: Any) -> pl.DataFrame:
        return together(self.batches(state, **stream))


def made(kind: str, url: str, patch: pytest.MonkeyPatch) -> Source:
    return Source(kind, url, create_engine(url), patch)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[str]:
    """A database of a random name, dropped at the end."""
    name = f"hub_test_{secrets.token_hex(4)}"
    engine = create_engine(MARIADB)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"create database {name} character set utf8mb4 collate utf8mb4_general_ci")
    except OperationalError:
        pytest.skip("no MariaDB listens at HUB_TEST_MARIADB_URL")
    yield make_url(MARIADB).set(database=name).render_as_string(hide_password=False)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"drop database {name}")
    engine.dispose()


@pytest.fixture
def postgresql(new_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    # An empty one: in the hub's own, tables of the role `hub` would go into the schema `hub`, which others may not use.
    url = make_url(new_database_url).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    source = made("postgresql", url, monkeypatch)
    yield source
    source.engine.dispose()


@pytest.fixture
def maria(mariadb: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    source = made("mariadb", mariadb, monkeypatch)
    yield source
    with source.engine.begin() as connection:
        for name, kind in connection.exec_driver_sql("show full tables").all():
            what = "view" if kind == "VIEW" else "table"
            connection.exec_driver_sql(f"drop {what} `{name}`".replace("%", "%%"))
    source.engine.dispose()


@pytest.fixture
def sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    source = made("sqlite", f"sqlite:///{tmp_path / 'people.db'}", monkeypatch)
    yield source
    source.engine.dispose()


@pytest.fixture(params=["postgresql", "maria", "sqlite"])
def source(request: pytest.FixtureRequest) -> Source:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Source)
    return found


def people(source: Source, count: int = 25) -> None:
    values = ", ".join(f"({n}, 'Người {n}')" for n in range(1, count + 1))
    source.run("create table people (id integer primary key, ten varchar(50))", f"insert into people values {values}")


TYPES = {
    "postgresql": (
        "create table people (id bigint primary key, ten text, rong text, khong text, ngay date, luc timestamptz,"
        " luc_dp timestamp, so numeric(20,4), co boolean, anh bytea, them jsonb)",
        "insert into people values (9007199254740993, 'Đỗ \"Tí\", x', '', null, '1990-02-03', '2026-01-02 03:04:05.6+07',"
        " '2026-01-02 03:04:05', 1250000.5000, true, '\\x00ff', '{\"a\": [1]}')",
    ),
    "mariadb": (
        "create table people (id bigint primary key, ten text, rong text, khong text, ngay date, luc timestamp(6) null,"
        " luc_dp datetime, so decimal(20,4), co bool, anh varbinary(10), them json)",
        "set session time_zone = '+07:00'",
        "insert into people values (9007199254740993, 'Đỗ \"Tí\", x', '', null, '1990-02-03', '2026-01-02 03:04:05.6',"
        " '2026-01-02 03:04:05', 1250000.5000, true, x'00ff', '{\"a\": [1]}')",
    ),
    "sqlite": (
        "create table people (id integer primary key, ten text, rong text, khong text, ngay date, luc text,"
        " luc_dp datetime, so text, co boolean, anh blob, them text)",
        "insert into people values (9007199254740993, 'Đỗ \"Tí\", x', '', null, '1990-02-03',"
        " '2026-01-01 20:04:05.6+00', '2026-01-02 03:04:05', '1250000.5000', 1, x'00ff', '{\"a\": [1]}')",
    ),
}


def test_values_become_text(source: Source) -> None:
    source.run(*TYPES[source.kind])
    (row,) = source.rows().rows(named=True)
    assert datetime.fromisoformat(row.pop("luc")) == datetime(2026, 1, 1, 20, 4, 5, 600_000, UTC)
    assert row.pop("co") == ("true" if source.kind == "postgresql" else "1")
    assert row == {
        "id": "9007199254740993",
        "ten": 'Đỗ "Tí", x',
        "rong": "",
        "khong": None,
        "ngay": "1990-02-03",
        "luc_dp": "2026-01-02 03:04:05",
        "so": "1250000.5000",
        "anh": "00ff",
        "them": '{"a": [1]}',
    }


def test_a_whole_table_by_batches(source: Source) -> None:
    people(source)
    batches = source.batches()
    assert [int(n) for n in together(batches)["id"]] == list(range(1, 26))
    assert len(batches) >= 3
    assert max(batch.frame.height for batch in batches) <= 10
    assert {batch.state for batch in batches} == {None}


def test_an_empty_table_has_its_columns(source: Source) -> None:
    source.run("create table people (id integer primary key, ten varchar(50))")
    assert source.rows().schema == {"id": pl.String, "ten": pl.String}


def test_a_column_of_nothing(postgresql: Source) -> None:
    postgresql.run("create table people (id text)", "insert into people select null from generate_series(1, 12)")
    assert postgresql.rows()["id"].to_list() == [None] * 12


def test_names_are_quoted_and_views_are_read(source: Source) -> None:
    quote = "`" if source.kind == "mariadb" else '"'
    percent = "%" if source.kind == "sqlite" else "%%"  # to the other drivers a percent sign is a place for a value
    table, column = f"{quote}Người; 100{percent}{quote}", f"{quote}Họ tên {percent}{quote}"
    source.run(
        f"create table {table} (id integer primary key, {column} varchar(50))",
        f"insert into {table} values (1, 'An')",
        f"create view people as select id, {column} as ten from {table}",
    )
    for name, called in (("Người; 100%", "Họ tên %"), ("people", "ten")):
        assert source.rows(table=name).rows(named=True) == [{"id": "1", called: "An"}]


def test_a_schema_before_the_table(postgresql: Source, maria: Source) -> None:
    postgresql.run("create schema dan_cu")
    for one, schema in ((postgresql, "dan_cu"), (maria, make_url(maria.url).database)):
        one.run(f"create table {schema}.nguoi (id integer primary key)", f"insert into {schema}.nguoi values (7)")
        assert one.rows(table=f"{schema}.nguoi").rows() == [("7",)]


@pytest.mark.parametrize("scheme", ["mysql", "mariadb"])
def test_a_url_without_driver(maria: Source, scheme: str) -> None:
    people(maria, 3)
    url = make_url(maria.url).set(drivername=scheme).render_as_string(hide_password=False)
    assert maria.rows(url=url).height == 3


def test_pages_of_composite_keys_and_numbers(source: Source) -> None:
    pairs = [(a, f"k{b}") for a in (9, 10, 100) for b in range(13)]
    source.run("create table people (so integer, ma varchar(9), ten varchar(9))")
    values = ", ".join(f"({a}, '{b}', 'x')" for a, b in random.Random(1).sample(pairs, len(pairs)))
    source.run(f"insert into people values {values}, (null, 'k1', 'x'), (9, null, 'x')")
    read = source.rows(key=["so", "ma"]).select("so", "ma").rows()
    assert sorted(read, key=str) == sorted([*((str(a), b) for a, b in pairs), (None, "k1"), ("9", None)], key=str)


def test_equal_keys_at_the_end_of_a_page_are_not_parted(source: Source) -> None:
    source.run("create table people (id varchar(20), n integer)")
    keys = ["a"] * 4 + ["Hoà", "hoa", "HOA"] * 5 + ["z"] * 25
    source.run("insert into people values " + ", ".join(f"('{key}', {n})" for n, key in enumerate(keys)))
    assert sorted(int(n) for n in source.rows()["n"]) == list(range(len(keys)))


INCREMENTAL = {"read": "incremental", "deletes": "none", "cursor": {"column": "luc", "overlap": "10 min"}}
LUC = {"postgresql": "timestamptz", "mariadb": "datetime(6)", "sqlite": "text"}
NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def logged(source: Source) -> None:
    source.options["timezone"] = "UTC"
    source.run(f"create table people (id integer primary key, luc {LUC[source.kind]})")


def write(source: Source, rows: dict[int, datetime | None]) -> None:
    def cell(luc: datetime | None) -> str:
        if luc is None:
            return "null"
        if source.kind == "postgresql":
            return f"'{luc.isoformat()}'"
        return f"'{luc.replace(tzinfo=None).isoformat(sep=' ', timespec='microseconds')}'"

    source.run("insert into people values " + ", ".join(f"({n}, {cell(luc)})" for n, luc in rows.items()))


def ids(batches: list[ReadBatch]) -> list[int]:
    return [int(n) for batch in batches for n in batch.frame["id"]]


def test_an_incremental_read(source: Source) -> None:
    logged(source)
    write(source, {n: NOON + timedelta(minutes=n) for n in range(1, 31)} | {100: None})
    reader = open_reader(source.context(**INCREMENTAL))
    assert reader.whole(None)
    first = list(reader.read(None))
    reader.close()
    assert sorted(ids(first)) == [*range(1, 31), 100]
    assert [batch.state for batch in first if batch.state] == [first[-1].state]
    state = first[-1].state
    assert state is not None
    assert not reader.whole(state)
    write(source, {31: NOON + timedelta(minutes=40), 32: NOON + timedelta(minutes=21), 101: None})
    second = source.batches(state, **INCREMENTAL)
    assert sorted(ids(second)) == [*range(20, 33), 100, 101]  # since minute 30, less ten, and those without a time
    assert second[-1].state is not None
    third = source.batches(second[-1].state, **INCREMENTAL)
    assert sorted(ids(third)) == [30, 31, 100, 101]


def test_an_incremental_read_goes_on_where_it_was_broken_off(source: Source) -> None:
    logged(source)
    source.run("insert into people values (1, null)")
    state = source.batches(None, **INCREMENTAL)[-1].state
    assert state == {"since": None}
    write(source, {n: NOON + timedelta(seconds=n // 7) for n in range(2, 60)} | dict.fromkeys(range(60, 75)))
    whole = source.batches(state, **INCREMENTAL)
    assert sorted(ids(whole)) == list(range(1, 75))
    for committed in range(1, len(whole)):
        broken = whole[committed - 1].state
        if broken is None:
            continue  # the engine commits no batch without a state
        rest = source.batches(broken, **INCREMENTAL)
        assert sorted([*ids(whole[:committed]), *ids(rest)]) == list(range(1, 75))
        assert rest[-1].state == whole[-1].state


def test_a_clock_that_runs_ahead(source: Source) -> None:
    logged(source)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    write(source, {1: tomorrow})
    state = source.batches(None, **INCREMENTAL)[-1].state
    write(source, {2: datetime.now(UTC)})
    later = source.batches(state, **INCREMENTAL)
    assert sorted(ids(later)) == [1, 2]
    assert later[-1].state is not None
    assert datetime.fromisoformat(later[-1].state["since"]).replace(tzinfo=UTC) < tomorrow - timedelta(hours=23)


def test_since_never_goes_back(source: Source) -> None:
    logged(source)
    write(source, {1: NOON, 2: NOON - timedelta(days=1)})
    state = source.batches(None, **INCREMENTAL)[-1].state
    source.run("delete from people where id = 1")
    assert source.batches(state, **INCREMENTAL)[-1].state == state
    source.run("delete from people")
    assert source.batches(state, **INCREMENTAL)[-1].state == state


def test_a_number_as_cursor(source: Source) -> None:
    source.run("create table people (id integer primary key, luc bigint)")
    stream = {**INCREMENTAL, "cursor": {"column": "luc", "kind": "number", "overlap_numbers": 5}}
    source.run("insert into people values " + ", ".join(f"({n}, {n * 2})" for n in range(1, 101)))
    state = source.batches(None, **stream)[-1].state
    assert state == {"since": "200"}
    source.run("insert into people values (101, 195), (102, 1000), (103, 194)")
    assert sorted(ids(source.batches(state, **stream))) == [98, 99, 100, 101, 102]


@pytest.mark.parametrize("seed", range(6))
def test_late_rows_within_the_overlap_are_not_lost(sqlite: Source, seed: int) -> None:
    """Rows appear up to ten minutes after their time, in any order; reads break off anywhere and go on."""
    chance = random.Random(seed)
    logged(sqlite)
    appear: list[tuple[float, int, float]] = []
    for n in range(1, 400):
        written = chance.choice([chance.uniform(0, 6_000), float(chance.randrange(0, 6_000, 300))])
        appear.append((written + chance.choice([0, 0, chance.uniform(0, 599)]), n, written))
    appear.sort()
    state: ReadState | None = None
    seen: set[int] = set()
    at = 0.0
    while appear or at < 7_000:
        at += chance.uniform(10, 900)
        due = [row for row in appear if row[0] <= at]
        appear = [row for row in appear if row[0] > at]
        if due:
            write(sqlite, {n: NOON + timedelta(seconds=written) for _, n, written in due})
        batches = sqlite.batches(state, **INCREMENTAL, batch_rows=chance.choice([1, 3, 50]))
        kept = batches if state is None else batches[: chance.randint(0, len(batches))]
        for batch in kept:
            seen |= {int(n) for n in batch.frame["id"]}
            state = batch.state or state
        if kept and kept[-1].state is None and state is not None:
            state = batches[-1].state if kept is batches else state
    batches = sqlite.batches(state, **INCREMENTAL)
    seen |= set(ids(batches)) | set(ids(sqlite.batches(batches[-1].state, **INCREMENTAL)))
    assert seen == set(range(1, 400))


def test_keys_and_lookup(source: Source) -> None:
    source.run("create table people (so integer, ma varchar(9), ten varchar(9), primary key (so, ma))")
    source.run("insert into people values " + ", ".join(f"({n}, 'm{n % 3}', 't{n}')" for n in range(1, 31)))
    reader = open_reader(source.context(key=["so", "ma"], lookup=True))
    assert reader.lists_keys
    assert reader.looks_up
    keys = pl.concat(list(reader.keys()))
    assert sorted(keys.rows()) == sorted((str(n), f"m{n % 3}") for n in range(1, 31))
    wanted = pl.DataFrame({"so": ["3", "4", "x", "99"], "ma": ["m0", "m0", "m0", "m0"]})
    assert together(ReadBatch(frame) for frame in reader.lookup(wanted)).rows() == [("3", "m0", "t3")]
    source.run("update people set ten = 'new' where so = 3")
    assert pl.concat(list(reader.lookup(wanted)))["ten"].to_list() == ["new"]
    many = pl.DataFrame({"so": [str(n) for n in range(1, 2000)], "ma": [f"m{n % 3}" for n in range(1, 2000)]})
    assert pl.concat(list(reader.lookup(many))).height == 30
    assert list(reader.lookup(many.clear())) == []
    reader.close()


class CountingGate:
    """A gate that counts who passes, and that nobody is left within."""

    def __init__(self) -> None:
        self.entered = 0
        self.inside = 0

    def __enter__(self) -> None:
        self.entered += 1
        self.inside += 1

    def __exit__(self, *_: object) -> None:
        self.inside -= 1


def test_every_statement_passes_the_gate(source: Source) -> None:
    people(source)
    gate = CountingGate()
    reader = open_reader(replace(source.context(), gate=gate))
    rows = reader.read(None)
    next(rows)
    rows.close()  # type: ignore[attr-defined]  # it has it
    reader.close()
    assert gate.entered >= 2
    assert gate.inside == 0


def proxied(source: Source) -> tuple[TcpProxy, str]:
    url = make_url(source.url)
    proxy = TcpProxy(url.host or "127.0.0.1", url.port or 3306)
    return proxy, url.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)


def long_table(source: Source, count: int = 3_000) -> None:
    source.run(f"create table people (id integer primary key, luc {LUC[source.kind]}, ten text)")
    source.options["timezone"] = "UTC"
    rows = ", ".join(f"({n}, '2026-01-01 12:{n % 60:02d}:00', '{SECRET} {'x' * 200}')" for n in range(count))
    source.run(f"insert into people values {rows}")


@pytest.mark.parametrize("after", [60_000, 200_000, 500_000])
@pytest.mark.parametrize("how", ["reset", "half_close"])
def test_a_connection_lost_in_the_middle_is_gone_on_from(maria: Source, how: Any, after: int) -> None:
    long_table(maria)
    proxy, url = proxied(maria)
    with proxy:
        proxy.break_after(after, how)
        assert sorted(int(n) for n in maria.rows(url=url, batch_rows=500)["id"]) == list(range(3_000))
        assert proxy.broken == 1


def test_an_incremental_read_goes_on_over_a_lost_connection(postgresql: Source, maria: Source) -> None:
    for one in (postgresql, maria):
        long_table(one)
        proxy, url = proxied(one)
        with proxy:
            proxy.break_after(300_000, "reset")
            batches = one.batches({"since": None}, url=url, batch_rows=500, **INCREMENTAL)
            assert sorted(ids(batches)) == list(range(3_000))
            assert proxy.broken == 1


@pytest.mark.parametrize(("how", "times"), [("half_close", 1), ("reset", 100)])
def test_a_copy_lost_in_the_middle_is_the_source_away(postgresql: Source, how: Any, times: int) -> None:
    # A half-close hands over what was sent before it; a reset may take it all away, and the copy then begins again.
    long_table(postgresql)
    proxy, url = proxied(postgresql)
    with proxy:
        proxy.break_after(300_000, how, times=times)
        with pytest.raises(SourceUnavailable) as raised:
            postgresql.batches(url=url, batch_rows=500)
        assert "lost" in told(raised.value, url)


def test_a_connection_that_says_nothing_more(source: Source) -> None:
    if source.kind == "sqlite":
        return
    source.options |= {"timeout_s": 0.6, "attempts": 1}
    long_table(source)
    proxy, url = proxied(source)
    with proxy:
        proxy.break_after(300_000, "stall")
        with pytest.raises(SourceUnavailable):
            source.batches(url=url, batch_rows=10_000)


def test_a_source_that_is_away_and_comes_back(maria: Source, postgresql: Source) -> None:
    for one in (maria, postgresql):
        people(one)
        proxy, url = proxied(one)
        with proxy:
            proxy.refuse(times=1)
            assert one.rows(url=url).height == 25


def told(error: HubError, url: str = "") -> str:
    """What the error says, once it is sure that it says no more than it may."""
    text = str(error)
    assert error.next_step
    assert SECRET not in text
    assert "secret" not in text
    assert "127.0.0.1" not in text
    assert not url or url not in text
    assert error.__cause__ is None
    return text


def test_what_is_not_there(source: Source) -> None:
    people(source)
    with pytest.raises(SourceUnavailable) as raised:
        source.rows(table="persons")
    assert "the table persons does not exist" in told(raised.value)
    with pytest.raises(SourceUnavailable) as raised:
        source.rows(key=["so"])
    assert "so" in told(raised.value)
    with pytest.raises(SourceUnavailable) as raised:
        source.rows(**INCREMENTAL)
    assert "luc" in told(raised.value)


def test_no_right_and_wrong_password(postgresql: Source, maria: Source, postgres_server: EmbeddedServer) -> None:
    name = f"r{secrets.token_hex(4)}"
    for one in (postgresql, maria):
        people(one)
    postgresql.run(f"create role {name} login password 'secret'")
    maria.run(f"create user {name} identified by 'secret'", f"grant usage on *.* to {name}")
    try:
        for one in (postgresql, maria):
            url = make_url(one.url).set(username=name)
            with pytest.raises(SourceUnavailable) as raised:
                one.rows(url=url.set(password="secret").render_as_string(hide_password=False))
            assert "no permission" in told(raised.value)
            if one is maria or make_url(one.url).password:
                with pytest.raises(SourceUnavailable) as raised:
                    one.rows(url=url.set(password="secret2").render_as_string(hide_password=False))
                assert "password" in told(raised.value)
    finally:
        postgresql.run(f"drop role {name}")
        maria.run(f"drop user {name}")


def test_addresses_that_lead_nowhere(sqlite: Source, tmp_path: Path) -> None:
    sqlite.options["attempts"] = 1
    for url, kind in (
        ("nonsense", HubMisconfigured),
        ("oracle+nodriver://u:secret@127.0.0.1/x", HubMisconfigured),
        ("mssql+pyodbc://u:secret@127.0.0.1/x", HubMisconfigured),
        ("postgresql://u:secret@127.0.0.1:1/x", SourceUnavailable),
        ("mysql://u:secret@127.0.0.1:1/x", SourceUnavailable),
        (f"sqlite:///{tmp_path / 'nowhere.db'}", SourceUnavailable),
    ):
        with pytest.raises(kind) as raised:
            sqlite.rows(url=url)
        told(raised.value, url)
    assert not (tmp_path / "nowhere.db").exists()
    (tmp_path / "text.db").write_text(f"{SECRET}\n" * 100, encoding="utf-8")
    with pytest.raises(SourceUnavailable) as raised:
        sqlite.rows(url=f"sqlite:///{tmp_path / 'text.db'}")
    told(raised.value)


def test_a_source_is_never_written_to(source: Source) -> None:
    """A view whose function writes is refused by the read-only session."""
    if source.kind != "postgresql":
        return
    source.run(
        "create table log (n integer)",
        "create function f() returns integer language sql volatile as 'insert into log values (1) returning n'",
        "create view people as select f() as id",
    )
    with pytest.raises(SourceUnavailable) as raised:
        source.rows()
    told(raised.value)


def test_a_cursor_that_is_no_time(sqlite: Source) -> None:
    sqlite.run("create table people (id integer primary key, luc text)")
    sqlite.run(f"insert into people values (1, '{SECRET}')")
    with pytest.raises(SourceUnavailable) as raised:
        sqlite.rows(**INCREMENTAL)
    assert "luc" in told(raised.value)


def test_a_code_has_one_fault() -> None:
    codes = [code for fault in DATABASE_FAULTS for code in fault.codes]
    assert len(codes) == len(set(codes))


GROWING = {"read": "incremental", "deletes": "none", "cursor": {"column": "id", "kind": "number"}}


@pytest.mark.parametrize("batch_rows", [2, 10])
def test_a_growing_key_may_be_the_cursor(source: Source, batch_rows: int) -> None:
    people(source, 5)
    source.options["timezone"] = "UTC"
    first = source.batches(batch_rows=batch_rows, **GROWING)
    assert sorted(ids(first)) == [1, 2, 3, 4, 5]
    source.run("insert into people values (6, 'Người 6'), (7, 'Người 7')")
    later = source.batches(first[-1].state, batch_rows=batch_rows, **GROWING)
    assert sorted(ids(later)) == [5, 6, 7]
    assert later[-1].state == {"since": "7"}


@pytest.mark.parametrize(("kind", "without_end"), [("timestamp", "infinity"), ("timestamptz", "infinity"), ("numeric", "NaN"), ("float8", "Infinity")])  # fmt: skip
def test_a_cursor_without_end_costs_its_row_alone(postgresql: Source, kind: str, without_end: str) -> None:
    number = kind in ("numeric", "float8")
    one, two, three = ("1", "2", "3") if number else (f"2026-01-0{n} 08:00" for n in (1, 2, 3))
    postgresql.run(f"create table people (id integer primary key, luc {kind})")
    postgresql.run(f"insert into people values (1, '{one}'), (2, '{two}'), (3, '{without_end}'), (4, null)")
    cursor = {"column": "luc", "kind": "number" if number else "time", "overlap": "0 s"}
    stream = {"read": "incremental", "deletes": "none", "cursor": cursor}
    first = postgresql.batches(**stream)
    assert sorted(ids(first)) == [1, 2, 3, 4]
    postgresql.run(f"insert into people values (5, '{three}')")
    reader = open_reader(postgresql.context(**stream))
    later = list(reader.read(first[-1].state))
    reader.close()
    assert sorted(ids(later)) == [2, 3, 4, 5]
    assert "1 rows have a luc that no later change can exceed" in reader.notes[0]
    assert [int(n) for n in ids(postgresql.batches(later[-1].state, **stream)) if n == 5] == [5]


def test_a_read_that_is_left_throws_its_connection_away(postgresql: Source) -> None:
    """An open COPY is never ended in order: that would read the rest of the table, or wait for good."""
    long_table(postgresql, 20_000)
    proxy, url = proxied(postgresql)
    with proxy:
        reader = open_reader(postgresql.context(url=url, batch_rows=100))
        rows = reader.read(None)
        next(rows)
        proxy.break_after(0, "stall")
        reader.close()
        rows.close()  # type: ignore[attr-defined]  # it has it
        # The server's session ends with the connection, without anything more being said on it.
        for _ in range(500):
            query = "select count(*) from pg_stat_activity where datname = current_database() and query like 'copy (select%%'"
            with postgresql.engine.connect() as connection:
                if connection.exec_driver_sql(query).scalar_one() == 0:
                    return
                connection.exec_driver_sql("select pg_sleep(0.02)")
    raise AssertionError("the session of the source goes on")
