"""`hub doctor --sizing` against a store whose growth is known, and what it says of the catalogue."""

import json
from dataclasses import replace

import psycopg
import pytest

from hub.cli import main
from hub.cli.operate.doctor.doctor_sizes import MAX_CATALOGUE_BYTES, MAX_DEAD_ROWS, check_catalogue
from hub.store.part_sizes import StorePart, forecast_size, read_catalogue

ROWS_A_DAY, DAYS = 24, 20


@pytest.fixture
def grown_url(database_url: str) -> str:
    """A store in which a change came every hour for twenty days."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "insert into hub.change (entity, record_id, action, at) select 'Citizen', n, 'CREATED', now() - make_interval(hours => n)"
            " from generate_series(1, %s) n",
            (ROWS_A_DAY * DAYS,),
        )
    return database_url


def test_sizes_and_growth_are_those_of_the_store(
    grown_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", grown_url)
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--sizing", "--json"])
    assert not left.value.code
    parts = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert set(parts) == {"history", "feed", "quarantine", "runs", "snapshots", "ledger"}
    feed = parts["feed"]
    with psycopg.connect(grown_url) as connection:
        (size,) = connection.execute("select pg_total_relation_size('hub.change')").fetchone() or ()
    assert (feed["rows"], feed["size_bytes"]) == (ROWS_A_DAY * DAYS, size)
    assert feed["rows_a_day"] == pytest.approx(ROWS_A_DAY, rel=0.01)
    # The feed is kept for a day: in a year it is what one day brings.
    assert feed["year_bytes"] == pytest.approx(size / DAYS, rel=0.01)
    assert parts["history"]["year_bytes"] is None, "nothing has been observed"
    with pytest.raises(SystemExit):
        main(["doctor", "--sizing"])
    assert "less than a day" in capsys.readouterr().out


def test_what_is_never_deleted_adds_up() -> None:
    part = StorePart("history", ("history",), None, "sys_to", None, "-")
    assert forecast_size(part, 1_000, 10, 10, 10.0).year_bytes == 1_000 + 365 * 100
    assert forecast_size(replace(part, kept_days=30), 1_000, 10, 10, 10.0).year_bytes == 30 * 100
    assert forecast_size(replace(part, kept_days=3_650), 1_000, 10, 10, 10.0).year_bytes == 1_000 + 365 * 100


def test_the_catalogue_is_read_and_judged(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        found = read_catalogue(connection)
    assert found.size_bytes > 5_000_000
    well = replace(found, is_vacuumed=True, dead_rows=5)
    assert check_catalogue(well).holds
    assert "autovacuum is off" in check_catalogue(replace(well, is_vacuumed=False)).found
    bloated = check_catalogue(replace(well, dead_rows=MAX_DEAD_ROWS + well.live_rows))
    assert (bloated.holds, bool(bloated.next_step)) == (False, True)
    # Vacuumed too late: nothing is dead any more, and the files stay as large as they were. Many tables need a large catalogue.
    empty = replace(well, size_bytes=MAX_CATALOGUE_BYTES + 1)
    assert (check_catalogue(empty).holds, "most of it is empty" in check_catalogue(empty).found) == (False, True)
    assert check_catalogue(replace(empty, live_rows=1_000_000)).holds
