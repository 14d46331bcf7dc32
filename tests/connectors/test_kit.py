"""The kit itself: what it finds of connectors of every sort, and that it finds what is wrong with them and with readers."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.conform.cases import CHAOS_CASES
from hub.conform.check import SIMULATOR_CLASSES, ConnectorGrade, check_connector
from hub.conform.lint import check_imports, lint_connector
from hub.conform.rows import samples
from hub.conform.servers.trial_servers import TrialServers
from hub.errors import SourceUnavailable
from hub.ingest.guards import change_limits as bounds
from hub.ingest.read.rest import reader as rest
from hub.sdk.manifest import MANIFEST_CLASSES, Manifest
from tests.connectors.trial import INCREMENTAL, connector


@pytest.fixture(scope="module")
def ground() -> Iterator[TrialServers]:
    with TrialServers.prepared() as made:
        yield made


def failed(found: ConnectorGrade) -> list[str]:
    return [f"{r.part}: {r.case}: {r.detail}" for r in found.results if r.status in ("failed", "not run")]


SOAP = 'operation = "danhSach"\nrecords = "ketQua.congDan"\n'
REST = {
    "offset": 'path = "/a"\nrecords = "data.items"\npaging = { kind = "offset", total = "total" }',
    "cursor": 'path = "/a"\nrecords = "rows"\npaging = { kind = "cursor", next = "meta.next" }',
    "link": 'path = "/a"\npaging = { kind = "link" }',
    "page": 'path = "/a"\nrecords = "rows"\nparameters = { lang = "vi" }\npaging = { kind = "page" }',
}


@pytest.mark.parametrize(
    ("kind", "stream", "more"),
    [
        ("sql", 'table = "dan_cu.nguoi"', INCREMENTAL),
        ("rest", REST["offset"], ""),
        ("rest", REST["cursor"], INCREMENTAL + '\nsince = { parameter = "tu" }'),
        ("rest", REST["link"], 'deletes = "none"'),
        ("soap", SOAP + 'paging = { kind = "page", parameter = "trang", total_pages = "tongSoTrang" }', ""),
        (
            "soap",
            SOAP + 'paging = { kind = "cursor", parameter = "the", next = "theSau" }',
            INCREMENTAL + '\nsince = { parameter = "tu" }',
        ),
        ("cdc", 'table = "dan_cu.nguoi"', ""),
        ("push", 'records = "rows"', 'changed_at = "luc"'),
        ("stream", 'subject = "a.b"\ndurable = "hub"', 'changed_at = "luc"'),
        ("files", 'files = "nguoi_*.jsonl"\nformat = "jsonl"', ""),
    ],
    ids=[
        "sql-incremental",
        "rest-offset",
        "rest-cursor-incremental",
        "rest-link",
        "soap-page",
        "soap-cursor-incremental",
        "cdc",
        "push",
        "stream",
        "files-jsonl",
    ],
)
def test_good_connectors_have_the_best_grade(
    ground: TrialServers, tmp_path: Path, kind: str, stream: str, more: str
) -> None:
    found = check_connector(connector(tmp_path, kind, stream, more), ground)
    assert failed(found) == []
    assert found.grade == "A"


def rest_connector(folder: Path) -> Manifest:
    return connector(folder, "rest", REST["page"])


def spoil_expected(manifest: Manifest) -> None:
    path = samples.path_of(manifest, "people", expected=True)
    path.write_text(path.read_text(encoding="utf-8").replace("Lê Văn An", "Lê Văn Bình"), encoding="utf-8")


def fewer_samples(manifest: Manifest) -> None:
    samples.write_samples(samples.path_of(manifest, "people"), [])


def no_json(manifest: Manifest) -> None:
    samples.path_of(manifest, "people").write_text("{}\n[1]\n")


def restless(manifest: Manifest) -> None:
    assert manifest.folder is not None
    source = 'import itertools\nimport polars as pl\nN = itertools.count()\ndef transform(stream, frame):\n    return frame.with_columns(ten=pl.lit(f\'Lê {"ab" if next(N) % 2 else "cd"}\'))\n'
    (manifest.folder / "transform.py").write_text(source, encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_expected, "full_name: found"),
        (fewer_samples, "has 0 rows; give 3 or more"),
        (no_json, "people.jsonl:2: is not a JSON object"),
        (restless, "read twice, the samples become something else"),
    ],
)
def test_what_is_wrong_with_samples_is_said(
    ground: TrialServers, tmp_path: Path, spoil: Callable[[Manifest], None], said: str
) -> None:
    manifest = rest_connector(tmp_path)
    spoil(manifest)
    found = check_connector(manifest, ground)
    assert said in "\n".join(failed(found))
    assert found.grade is None
    assert not found.conforms


def test_a_connector_that_states_too_much_or_too_little_does_not_conform(ground: TrialServers, tmp_path: Path) -> None:
    found = check_connector(connector(tmp_path, "files", 'files = "a.jsonl"\nformat = "jsonl"', grade="B"), ground)
    assert (found.grade, found.stated, found.conforms) == ("A", "B", False)


def swallow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that ends where its source breaks, as if it had all."""
    pages = rest.RestReader._read_pages

    def short(self: Any, progress: Any) -> Any:
        try:
            yield from pages(self, progress)
        except SourceUnavailable:
            return

    monkeypatch.setattr(rest.RestReader, "_read_pages", short)


def unbounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that believes a read which gives nothing."""
    monkeypatch.setattr(bounds.ChangeLimits, "check_plausible", lambda *_: None)


def careless(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that says nothing of columns that nobody mapped."""
    monkeypatch.setattr("hub.ingest.transform.map.find_unexpected_columns", lambda *_: [])


@pytest.mark.parametrize(
    ("break_", "part", "case"),
    [
        (swallow, "chaos", "truncated"),
        (swallow, "chaos", "html"),
        (unbounded, "chaos", "empty"),
        (careless, "chaos", "column_added"),
        (careless, "drift", "people: a new column"),
    ],
)
def test_the_kit_finds_what_is_broken(
    ground: TrialServers,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    break_: Callable[[pytest.MonkeyPatch], None],
    part: str,
    case: str,
) -> None:
    manifest = rest_connector(tmp_path)
    break_(monkeypatch)
    # The other cases of chaos cost seconds each, and are played for connectors with nothing wrong.
    played = tuple(one for one in CHAOS_CASES if (part, one.name) == ("chaos", case))
    monkeypatch.setattr("hub.conform.chaos.CHAOS_CASES", played)
    found = check_connector(manifest, ground)
    assert (part, case) in {(r.part, r.case) for r in found.results if r.status == "failed"}
    assert found.grade != "A"


def test_every_kind_and_case_is_played_or_has_a_reason() -> None:
    assert set(SIMULATOR_CLASSES) <= set(MANIFEST_CLASSES)
    for case in CHAOS_CASES:
        assert set(case.without) <= set(MANIFEST_CLASSES)
        assert all(case.without.values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('password = "hunter2"', "source.password: looks like a secret"),
        ('note = "postgresql://hub:hunter2@db/x"', "source.note: looks like a secret"),
        ('[source.auth]\nkey = { env = "X" }\nuser_id = "x"', ""),
    ],
)
def test_secrets_in_a_manifest_are_found_and_not_shown(tmp_path: Path, text: str, said: str) -> None:
    manifest = rest_connector(tmp_path)
    assert manifest.folder is not None
    path = manifest.folder / "manifest.toml"
    head, _, tail = path.read_text(encoding="utf-8").partition("[streams.people]")
    path.write_text(f"{head}{text}\n[streams.people]{tail}", encoding="utf-8")
    found = [words for words in lint_connector(manifest) if "secret" in words]
    assert "\n".join(found).startswith(said) if said else not found, found
    assert "hunter2" not in json.dumps(found)


@pytest.mark.parametrize(
    ("source", "refused"),
    [
        ("import polars as pl\nimport re\nfrom hub.sdk.manifest import Manifest\nfrom schema import units", None),
        ("import hub.store", "hub.store"),
        ("from hub import ingest", "hub.ingest"),
        ("from hub.ingest.transform.map import flatten", "hub.ingest.transform.map"),
        ("import connectors.land", "connectors.land"),
        ("def transform(s, f):\n    import requests", "requests"),
        ("from . import other", "."),
        ("__import__('hub.store')", "__import__"),
        ("import importlib", "importlib"),
        ("def (", "is no Python"),
    ],
)
def test_imports_of_a_transform(tmp_path: Path, source: str, refused: str | None) -> None:
    (tmp_path / "transform.py").write_text(source)
    found = list(check_imports(tmp_path))
    assert bool(found) == (refused is not None)
    assert refused is None or refused in found[0]
