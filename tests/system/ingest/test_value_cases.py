"""Values that were read otherwise than they were meant. The kinds: a typed number that went through a notation of text; an
instant that lost its zone; a time of change taken for UTC; an older version in a full read; a line end that one reader sees.
"""

import json
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from hub.conform.preview import preview_stream
from hub.ingest.run import connector_run as ingest
from hub.sdk.manifest import Manifest, load_manifest, parse_manifest
from tests.connectors.trial import HEAD
from tests.system.ingest.test_ingest import Trial
from tests.system.sources.test_sql_sources import mariadb  # noqa: F401  # a fixture

CASES = Path(__file__).parents[2] / "cases"
INSTANTS = ["2026-01-04T17:00:00.000Z", "2026-01-31T17:00:00.000Z", "2025-12-31T17:00:00.000Z"]
OFFSETS = ["2026-01-05T00:00:00+07:00", "2026-02-01T00:00:00+07:00", "2026-01-01T00:00:00+07:00"]
EPOCHS = [1767546000000, 1769878800000, 1767200400000]
DAYS = ["2026-01-05", "2026-02-01", "2026-01-01"]
"""What all three mean."""
DOUBLES = [1250000.0, 500000.0, 99000.5, 75000.0]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        rows = {"/instants": INSTANTS, "/offsets": OFFSETS, "/epochs": EPOCHS, "/doubles": DOUBLES}[self.path]
        field = "so_tien" if self.path == "/doubles" else "ngay"
        given = [
            {"id": i, "so_tb": "T1", "so_tien": 100 * i, "ngay": "2026-01-05", field: v} for i, v in enumerate(rows, 1)
        ]
        body = json.dumps({"data": given}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def read(manifest: Manifest, field: str) -> tuple[dict[str, str], dict[str, str]]:
    """What becomes of a field, by key; and the fields for which others were rejected."""
    (name,) = manifest.streams
    found = preview_stream(manifest, name, 100)
    return (
        {str(r["key"]): r["fields"][field] for r in found.records},
        {str(r["key"]): r["rejected"]["field"] for r in found.rejected},
    )


def with_changes(manifest: Manifest, fields: dict[str, Any], **keys: Any) -> Manifest:
    document = manifest.model_dump(mode="json", exclude_unset=True)
    (stream,) = document["streams"].values()
    stream |= keys
    stream["emits"]["Payment"]["fields"] |= fields
    return parse_manifest(document)


@pytest.mark.parametrize("number", ["vi", None])
def test_a_decimal_of_a_database_is_what_it_is(
    mariadb: str,  # noqa: F811
    number: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    statements = (CASES / "decimal-dot" / "mariadb.sql").read_text("utf-8").splitlines()[2:]
    engine = create_engine(mariadb)
    with engine.begin() as connection:
        connection.exec_driver_sql("set sql_mode = ''")
        for statement in "\n".join(line for line in statements if not line.startswith("--")).split(";"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()
    monkeypatch.setenv("MY_URL", mariadb)
    manifest = load_manifest(CASES / "decimal-dot" / "mariadb.toml")
    manifest = with_changes(
        manifest, {"amount": {"column": "so_tien", "number": number}, "paid_on": {"constant": "2026-01-05"}}
    )
    read_back, rejected = read(manifest, "amount")
    assert read_back == {"18446744073709551615": "1250000", "9007199254740993": "4500000"}
    assert rejected == {"3": "amount", "4": "amount"}
    zero_dates, rejected = read(load_manifest(CASES / "decimal-dot" / "mariadb.toml"), "paid_on")
    assert zero_dates == {"18446744073709551615": "2026-01-05"}
    assert rejected["9007199254740993"] == "paid_on"


def test_a_number_cell_of_a_workbook_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X1", str(CASES / "decimal-dot"))
    read_back, rejected = read(load_manifest(CASES / "decimal-dot" / "excel.toml"), "amount")
    assert read_back["BL1"] == "1250000"
    assert read_back["BL3"] == "1250000"  # a text, 1.250.000
    assert {"BL2", "BL5"} <= set(rejected)  # 1250000.5 and 1234567.75


def test_text_in_vietnamese_notation_is_read_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X1", str(CASES / "decimal-dot"))
    document = load_manifest(CASES / "decimal-dot" / "excel.toml").model_dump(mode="json", exclude_unset=True)
    document["streams"]["bl"] |= {"files": "amounts.csv", "format": "csv", "delimiter": ";", "ignore": ["GhiChu"]}
    document["streams"]["bl"].pop("sheet")
    read_back, rejected = read(parse_manifest(document), "amount")
    whole = dict.fromkeys(("L1", "L2", "L3", "L6"), "1250000") | {"L7": "-500"}
    assert read_back == whole
    assert set(rejected) == {"L4", "L5", "L8", "L9", "L10", "L11", "L12", "L13"}


def rest(api: str, path: str, monkeypatch: pytest.MonkeyPatch, **fields: Any) -> Manifest:
    monkeypatch.setenv("DR_URL", api)
    return with_changes(load_manifest(CASES / "instant-as-date" / "dates_utc.toml"), fields, path=path)


@pytest.mark.parametrize(
    ("path", "mapping"),
    [
        ("/instants", "ngay"),
        ("/instants", {"column": "ngay", "split": {"by": "T"}}),
        ("/offsets", "ngay"),
        ("/epochs", {"column": "ngay", "formats": ["epoch_ms"]}),
    ],
)
def test_an_instant_is_the_day_in_the_zone_of_the_source(
    api: str, path: str, mapping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_back, rejected = read(rest(api, path, monkeypatch, paid_on=mapping), "paid_on")
    assert (list(read_back.values()), rejected) == (DAYS, {})


@pytest.mark.parametrize("number", ["vi", None])
def test_a_double_of_json_is_what_it_is(api: str, number: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    mapping = {"column": "so_tien", "number": number}
    read_back, rejected = read(rest(api, "/doubles", monkeypatch, amount=mapping, paid_on="ngay"), "amount")
    assert (read_back, rejected) == ({"1": "1250000", "2": "500000", "4": "75000"}, {"3": "amount"})


def test_a_header_that_ends_in_cr_costs_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X3B", str(tmp_path))
    manifest = load_manifest(CASES / "csv-carriage-return" / "manifest.toml")
    found = []
    for name in ("good.csv", "header_cr.csv"):
        (tmp_path / "bl.csv").write_bytes((CASES / "csv-carriage-return" / name).read_bytes())
        found.append(read(manifest, "amount"))
    assert found[0] == found[1]
    assert len(found[1][0]) == 10


FIELDS = {"personal_id": "so", "full_name": "ten"}


def test_a_time_without_offset_is_of_the_zone_and_an_older_version_never_overwrites(trial: Trial) -> None:
    head = HEAD.partition("\n[source]")[0].format(name="trial", grade="C")
    source = {"kind": "files", "folder": {"env": "TRIAL_FOLDER"}, "timezone": "Asia/Ho_Chi_Minh"}
    stream = {
        "files": "a.csv",
        "format": "csv",
        "key": ["id"],
        "changed_at": "luc",
        "emits": {"Citizen": {"fields": FIELDS}},
    }
    declared = parse_manifest({**tomllib.loads(head), "source": source, "streams": {"people": stream}})
    trial.patch.setattr(ingest, "load_manifests", lambda: {"trial": declared})

    def sync(name: str, luc: str) -> ingest.RunReport:
        (trial.folder / "a.csv").write_text(f"id,so,ten,luc\n1,022085001234,{name},{luc}\n", encoding="utf-8")
        (report,) = ingest.sync_connectors(trial.engine)
        assert report.status == "SUCCEEDED", report
        return report

    sync("Lê Văn An", "2026-01-05 08:00:00")
    when = "select full_name, to_char(changed_at_source at time zone 'UTC', 'YYYY-MM-DD HH24:MI') from data.citizen"
    assert trial.rows(when) == [("Lê Văn An", "2026-01-05 01:00")]
    report = sync("Trần Văn Cũ", "2026-01-04 08:00:00")
    assert trial.rows(when) == [("Lê Văn An", "2026-01-05 01:00")]
    assert any("1 rows of Citizen came with an older luc" in note for note in report.notes), report
    sync("Lê Văn Mới", "2026-01-05 08:00:01")
    assert trial.rows(when) == [("Lê Văn Mới", "2026-01-05 01:00")]
