"""Sources by pages, over a really served hub: tiles, runs, and what waits for a person."""

import re
from collections.abc import Iterator

import psycopg
import pytest

from hub.graph.sources.state_reads import read_sources
from hub.ingest.connectors import load_manifests
from tests.system.servers.console_site import ConsoleSite
from tests.system.servers.console_site import serve_pages as serve_pages
from tests.system.servers.console_site import site as site
from tests.system.servers.console_site import store as store

SOURCES, WAITING = "/console/sources", "/console/sources/waiting"


@pytest.fixture
def waiting(site: ConsoleSite) -> Iterator[dict[str, int]]:
    """A request of a run and two findings of drift, by what they are."""
    with psycopg.connect(site.database, autocommit=True) as connection:
        stream = "(select min(id) from hub.stream where connector = 'land')"
        run = "(select max(id) from hub.run)"
        found = {}
        (found["approval"],) = connection.execute(
            f"insert into hub.approval (stream_id, run_id, entity, kind, rows, held, reason)"
            f" values ({stream}, {run}, 'Parcel', 'DELETES', 812, 900, 'the list is much shorter') returning id"
        ).fetchone() or (0,)
        for kind in ("RETYPED", "REMOVED"):
            (found[kind],) = connection.execute(
                'insert into hub.drift (stream_id, run_id, kind, "column", detail, grade, entities, procedures)'
                f" values ({stream}, {run}, %s, 'dien_tich', 'was text', 'WARNING',"
                ' \'{"Parcel": ["area"]}\', \'["land-right-transfer"]\') returning id',
                (kind,),
            ).fetchone() or (0,)
        yield found
        connection.execute("delete from hub.approval where id = %s", (found["approval"],))
        connection.execute("delete from hub.drift where id = any(%s)", ([found["RETYPED"], found["REMOVED"]],))


def test_a_tile_tells_how_each_source_does(site: ConsoleSite, waiting: dict[str, int]) -> None:
    operator = site.officer("dung").open(SOURCES)
    assert operator.page.status_code == 200
    with psycopg.connect(site.database) as connection:
        names = [name for (name,) in connection.execute("select distinct connector from hub.stream")]
        (runs,) = connection.execute("select count(*) from hub.run").fetchone() or (0,)
    assert len(names) > 1
    titles = {name: manifest.title for name, manifest in load_manifests().items()}
    assert all(f"<h2>{titles[name].vi} " in operator.text for name in names)
    assert all(f"<code>{name}</code>" in operator.text for name in names), "as commands take it"
    assert operator.text.count('data-label="Số"') == min(runs, 20)
    assert set(re.findall(r'data-label="Nguồn">([^<]+?)\s*<', operator.text)) <= {one.vi for one in titles.values()}
    land = operator.text[operator.text.index(f"<h2>{titles['land'].vi} ") :]
    assert "Cần xem" in land[:400]
    assert f"của {titles['land'].vi} <a" in operator.open(f"{SOURCES}?source=land").text


def test_a_run_of_which_a_stream_failed_is_no_success(site: ConsoleSite) -> None:
    add = "insert into hub.run (connector, connector_version, status, mode, ended_at) values ('land', '1', %s, 'SYNC', now() + %s::interval)"

    def read_last_success(connection: psycopg.Connection) -> str:
        (land,) = (one for one in read_sources(connection, {}) if one["name"] == "land")
        return str(land["lastSuccess"])

    with psycopg.connect(site.database) as connection:
        before = read_last_success(connection)
        connection.execute(add, ("PARTIAL", "2 days"))
        assert read_last_success(connection) == before
        connection.execute(add, ("SUCCEEDED", "1 day"))
        assert read_last_success(connection) > before
        connection.rollback()


def test_drift_is_accepted_once(site: ConsoleSite, waiting: dict[str, int]) -> None:
    steward = site.officer("chi").open(WAITING)
    assert "Thửa đất, diện tích" in steward.text
    assert f'name="accept" value="{waiting["REMOVED"]}"' not in steward.text, "only a new type can be accepted"
    steward.submit({"accept": str(waiting["RETYPED"])})
    assert "Đã chấp nhận" in steward.text
    with psycopg.connect(site.database) as connection:
        row = connection.execute("select resolved_at from hub.drift where id = %s", (waiting["RETYPED"],)).fetchone()
    assert row is not None
    assert row[0] is not None
    for number, status in ((str(waiting["RETYPED"]), 409), ("9" * 18, 409), ("x", 400)):
        steward.open("/console/review").submit({"accept": number}, WAITING)  # a page that always has a form
        assert steward.page.status_code == status, number


def test_only_an_operator_decides_what_a_run_may_do(site: ConsoleSite, waiting: dict[str, int]) -> None:
    number = str(waiting["approval"])
    steward = site.officer("chi").open(WAITING)
    assert "<b>812</b> trên 900" in steward.text
    assert 'name="approve"' not in steward.text
    steward.open("/console/review").submit({"approve": number}, WAITING)
    assert (steward.page.status_code, ">FORBIDDEN<" in steward.text) == (403, True)
    operator = site.officer("dung").open(WAITING).submit({"approve": number}, WAITING)
    assert "Đã cho phép" in operator.text
    with psycopg.connect(site.database) as connection:
        row = connection.execute("select approved, decided_by from hub.approval where id = %s", (number,)).fetchone()
    assert row is not None
    assert (row[0], row[1].endswith("|dung")) == (True, True)


def test_rejected_rows_are_counted_by_rule_and_never_shown(site: ConsoleSite) -> None:
    with psycopg.connect(site.database, autocommit=True) as connection:
        connection.execute(
            "insert into hub.quarantine (stream_id, run_id, entity, source_key, field, rule, reason, payload, payload_hash,"
            " connector_version) values ((select min(id) from hub.stream where connector = 'land'),"
            " (select max(id) from hub.run), 'Citizen', 'KEY-7781', 'personal_id', 'pattern', 'must be 12 digits',"
            " '{\"ten\": \"Nguyễn Văn Bí Mật\"}', 'abc', '1')"
        )
        try:
            operator = site.officer("dung").open("/console/rejected")
        finally:
            connection.execute("delete from hub.quarantine where payload_hash = 'abc'")
    assert "Công dân, số định danh cá nhân" in operator.text
    assert "Không đúng dạng" in operator.text
    assert "Bí Mật" not in operator.text
    assert "KEY-7781" not in operator.text


def test_sources_are_for_operators_and_reviewers(site: ConsoleSite) -> None:
    for path in (SOURCES, WAITING):
        assert site.officer("an").open(path).page.status_code == 403
