"""Readings of a register, kept in the store: what comes back is what reading anew would give."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import polars as pl
import polars.selectors as cs
import psycopg
import pytest
from polars.testing import assert_frame_equal

from hub.link.likeness import readings
from hub.link.likeness.readings import PREPARED, Readings
from hub.link.model.commune_neighbours import add_surroundings
from hub.link.model.party import PARTY
from hub.link.model.scoring.prepare import KEY, prepare_records
from hub.link.normalise.party import INPUT, party_features


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database_url, autocommit=True) as opened:
        yield opened


def people(*names: str) -> pl.DataFrame:
    address = "Tổ 5, khu 2, phường Hà Tu, thành phố Hạ Long, tỉnh Quảng Ninh"
    rows = [(n, "PERSON", name, "1980-05-01", f"02208000000{n}", None, address, None) for n, name in enumerate(names)]
    return pl.DataFrame(rows, schema={"key": pl.Int64, **dict.fromkeys(INPUT[1:], pl.String)}, orient="row")


def test_what_was_kept_is_what_reading_anew_gives(
    connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = people("Nguyễn Văn An", "Trần Thị Hoà"), people("Nguyễn Văn An", "Trần Thị Bình", "Lê Văn Cường")
    first = Readings(connection, "Citizen")
    assert_frame_equal(first.of(before), add_surroundings(party_features(before)))
    first.keep(used_only=True)
    read: list[int] = []
    really = Readings._read
    monkeypatch.setattr(Readings, "_read", lambda self, written: (read.append(len(written)), really(self, written))[1])
    second = Readings(connection, "Citizen")
    assert_frame_equal(second.of(after), add_surroundings(party_features(after)))
    assert read == [2]
    second.keep(used_only=True)
    assert Readings(connection, "Household").known is None
    kept = Readings(connection, "Citizen").known
    assert kept is not None
    assert set(kept["written name"]) == {"Nguyễn Văn An", "Trần Thị Bình", "Lê Văn Cường"}
    monkeypatch.setattr(readings, "digest_reading_rules", lambda: "another")
    assert Readings(connection, "Citizen").known is None


def test_prepared_columns_are_kept_beside_the_features(connection: psycopg.Connection[Any]) -> None:
    asked = people("Nguyễn Văn An", "Trần Thị Hoà", "Nguyễn Văn An")
    Readings(connection, "Citizen").of(asked)
    first = Readings(connection, "Citizen", PARTY)
    first.of(asked)
    first.keep(used_only=True)
    assert Readings(connection, "Citizen").known is None, "readings without them are others"
    again = Readings(connection, "Citizen", PARTY)
    assert again.known is not None
    found = again.of(asked)
    features = found.select(~cs.starts_with(PREPARED))
    assert_frame_equal(features, add_surroundings(party_features(asked)))
    prepared = found.select(cs.starts_with(PREPARED).name.map(lambda name: name.removeprefix(PREPARED)))
    assert_frame_equal(prepared, prepare_records(PARTY, features).drop(KEY))


def test_a_run_of_changes_keeps_what_it_did_not_ask_for_and_a_full_one_does_not(
    connection: psycopg.Connection[Any],
) -> None:
    first = Readings(connection, "recorded parties")
    first.of(people("Nguyễn Văn An", "Trần Thị Hoà"))
    first.keep(used_only=True)
    of_changes = Readings(connection, "recorded parties")
    of_changes.of(people("Lê Văn Cường"))
    of_changes.keep(used_only=False)
    assert _kept_names(connection) == {"Nguyễn Văn An", "Trần Thị Hoà", "Lê Văn Cường"}
    full = Readings(connection, "recorded parties")
    full.of(people("Lê Văn Cường"))
    full.keep(used_only=True)
    assert _kept_names(connection) == {"Lê Văn Cường"}


def test_readings_above_the_bound_are_not_stored(
    connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readings, "MOST_BYTES", 100)
    made = Readings(connection, "Citizen")
    made.of(people("Nguyễn Văn An"))
    made.keep(used_only=True)
    assert Readings(connection, "Citizen").known is None


def _kept_names(connection: psycopg.Connection[Any]) -> set[str]:
    known = Readings(connection, "recorded parties").known
    assert known is not None
    return set(known["written name"])


def test_a_run_loads_no_library_that_it_has_no_use_for() -> None:
    """Loading them took a sixth of a run of few changes."""
    script = "import sys, hub.link.run.linking_run; print([name for name in sys.argv[1:] if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script, "duckdb", "graphql", "numpy", "splink"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["[]"]
