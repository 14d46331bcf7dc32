"""Verdicts of the kit rest on the connector alone: not on the order of samples, not on another kind of record of the same row,
not on which file makes the tombstone; and each names the row that it is of, without its values.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.conform import check as checking
from hub.conform.check import check_connector
from hub.conform.differences import find_differences
from hub.conform.rows import samples
from hub.conform.rows.row_edits import sort_rows
from hub.conform.rows.row_names import form_of
from hub.conform.rows.sample_mapper import SampleMapper
from hub.conform.servers.simulators import mariadb, messages
from hub.conform.servers.trial_servers import TrialServers
from hub.conform.tombstones import is_deleted, mark_deleted
from hub.conform.trials import hold_back_rows, set_day_before
from hub.ingest.connectors import load_connector
from hub.sdk.manifest import Manifest
from tests.connectors.trial import connector, people

CASES = Path(__file__).parents[1] / "cases" / "conformance-verdicts"
FOLDERS = {"hoc": "sample-order", "nop": "two-emits", "dat": "tombstone-transform"}


@pytest.fixture(scope="module")
def ground() -> Iterator[TrialServers]:
    with TrialServers.prepared() as made:
        yield made


def case(name: str) -> Manifest:
    return load_connector(CASES / FOLDERS[name] / name)


def copied(name: str, folder: Path) -> Manifest:
    shutil.copytree(CASES / FOLDERS[name] / name, folder / name)
    return load_connector(folder / name)


@pytest.mark.parametrize("name", sorted(FOLDERS))
def test_a_connector_with_nothing_wrong_has_the_best_grade(name: str, ground: TrialServers) -> None:
    found = check_connector(case(name), ground)
    assert [f"{r.part}: {r.case}: {r.detail}" for r in found.results if r.status in ("failed", "not run")] == []
    assert (found.grade, found.conforms) == ("A", True)


@pytest.mark.parametrize("name", sorted(FOLDERS))
@settings(max_examples=15, deadline=None)
@given(random=st.randoms(use_true_random=False))
def test_what_is_tried_does_not_depend_on_the_order_of_samples(name: str, random: Random) -> None:
    manifest = case(name)
    for stream, declared in manifest.streams.items():
        rows = samples.read_samples(samples.path_of(manifest, stream))
        shuffled = random.sample(rows, len(rows))
        assert sort_rows(declared, shuffled) == sort_rows(declared, rows)


@pytest.mark.parametrize("name", sorted(FOLDERS))
def test_what_samples_become_does_not_depend_on_their_order(name: str, tmp_path: Path) -> None:
    manifest = copied(name, tmp_path)
    for stream in manifest.streams:
        for expected in (False, True):
            path = samples.path_of(manifest, stream, expected=expected)
            samples.write_samples(path, samples.read_samples(path)[::-1])
        assert find_differences(manifest, stream) == []


def test_the_row_of_the_second_read_has_the_highest_cursor() -> None:
    manifest = case("dat")
    rows = {
        name: sort_rows(stream, samples.read_samples(samples.path_of(manifest, name)))
        for name, stream in manifest.streams.items()
    }
    later = hold_back_rows(SampleMapper(manifest), rows)
    fewer = set_day_before(manifest, rows, later)
    mark = rows["parcels"][later["parcels"]]["updated_at"]
    assert all(row["updated_at"] <= mark for row in fewer["parcels"])
    assert len(fewer["rights"]) == len(rows["rights"]) - 1


@pytest.mark.parametrize("shown", [True, False], ids=["a sample shows it", "no sample shows it"])
def test_a_tombstone_that_a_transform_makes_is_set_at_the_source(shown: bool) -> None:
    manifest = case("dat")
    rows = [
        row
        for row in samples.read_samples(samples.path_of(manifest, "rights"))
        if shown or not is_deleted(manifest, "rights", row)
    ]
    row = next(row for row in rows if row["deleted_at"] is None)
    marked = mark_deleted(manifest, "rights", row, rows)
    assert marked is not None
    assert {name for name in marked if marked[name] != row.get(name)} == {"deleted_at"}
    assert is_deleted(manifest, "rights", marked)


def test_a_tombstone_that_nothing_makes_is_said(
    tmp_path: Path, ground: TrialServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "run_chaos_cases", lambda *_: iter(()))
    monkeypatch.setattr(checking, "try_damaged_rows", lambda *_: iter(()))
    manifest = copied("dat", tmp_path)
    path = tmp_path / "dat" / "transform.py"
    source = path.read_text(encoding="utf-8").replace('pl.col("deleted_at").is_null()', "pl.lit(True)")
    path.write_text(source, encoding="utf-8")
    for stream in manifest.streams:
        given_rows = samples.read_samples(samples.path_of(manifest, stream))
        samples.write_samples(
            samples.path_of(manifest, stream), [row for row in given_rows if row["deleted_at"] is None]
        )
    samples.accept_samples(manifest)
    found = check_connector(load_connector(tmp_path / "dat"), ground)
    said = [r.detail for r in found.of("deletes") if r.status == "failed"]
    assert any("samples/parcels.jsonl:" in words and "add a sample row that was" in words for words in said), said
    assert found.grade == "C"


def test_a_grade_that_was_not_measured_is_not_had(
    tmp_path: Path, ground: TrialServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(messages.SERVER_VARIABLE, raising=False)
    monkeypatch.setattr(messages, "LOCAL_URL", "nats://127.0.0.1:1")
    found = check_connector(
        connector(tmp_path, "stream", 'subject = "a.b"\ndurable = "hub"', 'changed_at = "luc"'), ground
    )
    assert "not run" in {result.status for result in found.results}
    assert (found.grade, found.conforms) == (None, False)


def test_a_source_that_is_mariadb_is_tried_on_mariadb(ground: TrialServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAT_URL", "mysql://reader:x@db.invalid/so")
    monkeypatch.setattr(checking, "SIMULATOR_CLASSES", {})  # no other world will do
    found = check_connector(case("hoc"), ground)
    assert [f"{r.part}: {r.case}: {r.detail}" for r in found.results if r.status in ("failed", "not run")] == []
    assert (found.grade, found.conforms) == ("A", True)


def test_without_a_mariadb_there_is_no_grade(ground: TrialServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAT_URL", "mysql://reader:x@db.invalid/so")
    monkeypatch.setenv(mariadb.SERVER_VARIABLE, "mysql://root@127.0.0.1:1")
    found = check_connector(case("hoc"), ground)
    assert [r.detail for r in found.results if r.status == "not run" and "no MariaDB" in r.detail]
    assert (found.grade, found.conforms) == (None, False)


def test_a_database_that_is_not_known_here_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DAT_URL", raising=False)
    assert mariadb.is_mariadb(case("hoc")) is None
    assert mariadb.is_mariadb(case("nop")) is False
    monkeypatch.setenv("DAT_URL", "postgresql://reader@db.invalid/so")
    assert mariadb.is_mariadb(case("hoc")) is False


def test_a_kind_without_a_world_has_no_grade(
    tmp_path: Path, ground: TrialServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "SIMULATOR_CLASSES", {})
    found = check_connector(connector(tmp_path, "files", 'files = "a.jsonl"\nformat = "jsonl"'), ground)
    assert (found.grade, found.conforms) == (None, False)


def test_a_verdict_names_row_field_and_forms_and_no_value(tmp_path: Path) -> None:
    manifest = connector(tmp_path, "files", 'files = "a.jsonl"\nformat = "jsonl"')
    path = samples.path_of(manifest, "people", expected=True)
    records = samples.read_samples(path)
    records[2]["fields"]["full_name"] = "Lê Thị Bình An"
    records[4]["fields"]["birth_date"] = "1980"
    del records[6]
    samples.write_samples(path, records)
    samples.write_samples(samples.path_of(manifest, "people"), people(8)[::-1])
    name, date, added = sorted(find_differences(manifest, "people"), key=lambda words: words.count("expected in"))[::-1]
    if "birth_date" in name:
        name, date = date, name
    assert "samples/people.jsonl:6" in name
    assert "samples/people.expected.jsonl:3" in name
    assert 'full_name: found "Aa Aaa Aa", expected "Aa Aaa Aaaa Aa"' in name
    assert 'birth_date: found "9999-99-99", expected "9999"' in date
    assert "samples/people.jsonl:2" in added
    assert not any(word in " ".join((name, date, added)) for word in ("Bình", "Lê", "1980"))


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (None, "no value"),
        ("Trần Văn 12", '"Aaaa Aaa 99"'),
        ("a\x1b[31m‮", '"a?[99a?"'),
        ("9" * 99, f'"{"9" * 40}…"'),
    ],
)
def test_a_form_has_no_value_in_it(value: str | None, form: str) -> None:
    assert form_of(value) == form
