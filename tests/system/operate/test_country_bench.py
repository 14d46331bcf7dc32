"""The store that `tests.bench.country` grows: copies are whole, are read as their originals, and are made in steps that may be interrupted."""

import json
from collections.abc import Mapping

import httpx2
import psycopg
import pytest

from hub.settings import load_settings
from hub.store.connections.logins import Logins
from hub.web.app import create_app
from tests.bench.copies import SHIFT, list_copied_tables
from tests.bench.country.__main__ import fit_size, make_table
from tests.bench.country.measures import KEYED, draw_ids
from tests.bench.country.store import NOTES, Deadline, OutOfTimeError, grow
from tests.serving import served

COMPARED = 25
BROKEN_LINKS = """
select count(*) from link.{link} l left join data.{record} r on r.id = l.record_id
left join (select id from data.citizen union all select id from data.household union all select id from data.business
    union all select id from data.parcel) s on s.id = l.subject_id
where r.id is null or s.id is null or l.subject_id / {shift} <> l.record_id / {shift} or l.found_id / {shift} <> l.record_id / {shift}
"""
DEFINITIONS = "select indexname, indexdef from pg_indexes where schemaname in ('data', 'link')"
LINKED_TABLES = {"tax_obligation_debtor": "tax_obligation", "land_use_right_parcel": "land_use_right"}


@pytest.fixture(scope="module")
def grown_url(province_url: str) -> str:
    """The province and two copies of it, made at the second attempt."""
    with psycopg.connect(province_url, autocommit=True) as connection:
        connection.execute(NOTES)
        before = _count_rows(connection), dict(connection.execute(DEFINITIONS).fetchall())
        size = 3 * before[0]["data.citizen"] - 1
    with pytest.raises(OutOfTimeError):
        grow(province_url, size, Deadline(0.0))
    spent = grow(province_url, size, Deadline(float("inf")))
    assert spent.keys() == {"all", "copy", "index", "vacuum"}
    with psycopg.connect(province_url) as connection:
        assert _count_rows(connection) == {table: 3 * rows for table, rows in before[0].items()}
        assert dict(connection.execute(DEFINITIONS).fetchall()) == before[1]
    return province_url


def _count_rows(connection: "psycopg.Connection[tuple[int, ...]]") -> Mapping[str, int]:
    counted = {}
    for table in list_copied_tables(connection):
        (counted[table],) = connection.execute(f"select count(*) from {table}").fetchone() or (0,)
    return counted


def test_links_of_a_copy_stay_within_it(grown_url: str) -> None:
    with psycopg.connect(grown_url) as connection:
        for link, record in LINKED_TABLES.items():
            broken = BROKEN_LINKS.format(link=link, record=record, shift=SHIFT)
            assert connection.execute(broken).fetchone() == (0,), link


def test_a_copy_is_read_as_its_original_is(grown_url: str) -> None:
    with psycopg.connect(grown_url) as connection:
        people = connection.execute(
            "select a.personal_id, b.personal_id, substr(b.personal_id, 1, 3)::int - substr(a.personal_id, 1, 3)::int from data.citizen a"
            " join data.citizen b on b.id = a.id + %s and a.id < %s where a.id in (select subject_id from link.tax_obligation_debtor where status <> 'UNCONFIRMED')"
            " order by a.id limit %s",
            (2 * SHIFT, SHIFT, COMPARED),
        ).fetchall()
    assert len(people) == COMPARED
    with served(create_app(load_settings(), Logins.one(grown_url))) as url, httpx2.Client(base_url=url) as client:
        for original, copy, provinces in people:
            assert provinces == 2
            texts = [
                client.post("/graphql", json={"query": KEYED, "variables": {"id": personal_id}}).text
                for personal_id in (original, copy)
            ]
            assert json.loads(texts[0])["data"]["citizen"]["taxObligations"]["nodes"]
            assert texts[1].replace("~2", "").replace(copy, original) == texts[0]


def test_people_are_drawn_over_the_whole_store(grown_url: str) -> None:
    drawn = draw_ids(grown_url, 200)
    with psycopg.connect(grown_url) as connection:
        found = connection.execute(
            "select distinct id / %s from data.citizen where personal_id = any(%s)", (SHIFT, drawn)
        ).fetchall()
    assert {copy for (copy,) in found} == {0, 1, 2}


def test_a_size_is_cut_to_what_the_disk_holds() -> None:
    assert fit_size(10_000_000, 1_000_000, 7_000, 63e9) == 10_000_000
    assert fit_size(10_000_000, 1_000_000, 7_000, 50e9) == 8_100_000
    assert fit_size(10_000_000, 1_000_000, 7_000, -1e9) == 1_000_000


def test_figures_of_each_size_are_a_column() -> None:
    lines = make_table(
        {"1000": {"reads": {"p50_ms": 2.04}}, "2000": {"reads": {"p50_ms": 123.4}, "vacuum": {"rows": 5}}}
    )
    assert lines[0] == "| | 1,000 | 2,000 |"
    assert lines[2:] == ["| reads: p50_ms | 2.04 | 123 |", "| vacuum: rows |  | 5 |"]
