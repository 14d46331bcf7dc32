"""Probe: what a source has, looked at by the reader that will read it: tables, files, pages; columns, and the first rows."""

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from hub.conform.preview import read_first_rows
from hub.draft.encoding_guess import SNIFFED_BYTES, guess_encoding
from hub.errors import HubMisconfigured, OperationRefused, SourceUnavailable
from hub.ingest.read.http.client import HttpClient, HttpRequest, parse_json
from hub.ingest.read.json_rows import get_at_path
from hub.ingest.read.reader import ReaderContext
from hub.ingest.read.rest.next_page import find_next_page
from hub.ingest.read.sql.access import DRIVER_NAMES
from hub.sdk.manifest import Manifest, parse_manifest
from hub.sdk.streams import RestStream

SAMPLE_ROWS = 20
FORMATS: Mapping[str, str] = {".csv": "csv", ".txt": "csv", ".xlsx": "excel", ".xls": "excel", ".jsonl": "jsonl", ".parquet": "parquet"}  # fmt: skip
LIST_PATHS = (
    "",
    "data",
    "items",
    "rows",
    "results",
    "records",
    "content",
    "du_lieu",
    "danh_sach",
    "data.items",
    "result.items",
    "value",
    "d.results",
    "entry",
)
TOTAL_PATHS = ("total", "total_count", "count", "tong_so", "meta.total", "pagination.total")
PAGE_COUNT_PATHS = ("total_pages", "pages", "so_trang", "page_count", "meta.total_pages", "pagination.total_pages")
NEXT_PATHS = ("next", "next_cursor", "cursor", "nextCursor", "meta.next", "meta.next_cursor", "paging.next")


@dataclass(frozen=True)
class ProbeRequest:
    """The draft wanted: a name, a kind, the parts of source and stream that are known."""

    name: str
    kind: str
    source: Mapping[str, Any]
    stream: Mapping[str, Any]


@dataclass(frozen=True)
class ProbeResult:
    """The findings: more of source and stream, the rows as the reader gives them, the columns that identify one."""

    wanted: ProbeRequest
    rows: Sequence[Mapping[str, Any]]
    key: Sequence[str] = ()
    notes: Sequence[str] = field(default=())


def read_variable(name: str, connector: str) -> str:
    """The value of a variable. Raises HubMisconfigured naming it."""
    found = os.environ.get(name)
    if not found:
        raise HubMisconfigured(
            f"connector {connector}: {name} is not set",
            next_step=f"set {name}: its value is used to look at the source and is not stored",
        )
    return found


# --- Databases --------------------------------------------------------------------------------------------------------


CONNECT_S, COUNT_S = 30, 600
"""How long a database may take to let us in, and to count the rows of a table: large ones take minutes."""
MYSQL = {"connect_timeout": CONNECT_S, "read_timeout": COUNT_S, "write_timeout": CONNECT_S}
POSTGRESQL = {
    "connect_timeout": CONNECT_S,
    "tcp_user_timeout": CONNECT_S * 1000,
    "options": f"-c statement_timeout={COUNT_S}s",
}
CONNECT_OPTIONS: Mapping[str, Mapping[str, Any]] = {"mysql": MYSQL, "mariadb": MYSQL, "postgresql": POSTGRESQL}


@dataclass(frozen=True)
class TableFound:
    """A table of a database."""

    name: str
    columns: Sequence[tuple[str, str]]
    key: Sequence[str]
    rows: int


def list_tables(url: str) -> list[TableFound]:
    """The tables and views of a database that its user may see, with a count of rows. Raises SourceUnavailable."""
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        named = parsed.set(drivername=DRIVER_NAMES.get(backend, parsed.drivername))
        engine = create_engine(named, connect_args=dict(CONNECT_OPTIONS.get(backend, {})))
    except SQLAlchemyError as error:
        raise HubMisconfigured(
            f"the address is not a database URL: {type(error).__name__}",
            next_step="write it as mysql://user:password@host/database",
        ) from None
    try:
        with engine.connect() as connection:
            looking = inspect(connection)
            quote = engine.dialect.identifier_preparer.quote
            default = looking.default_schema_name
            found: list[TableFound] = []
            for schema in (None, *(s for s in looking.get_schema_names() if s not in _system_schemas(default))):
                for name in (*looking.get_table_names(schema), *looking.get_view_names(schema)):
                    columns = [(c["name"], str(c["type"])) for c in looking.get_columns(name, schema)]
                    key = looking.get_pk_constraint(name, schema)["constrained_columns"]
                    full = f"{schema}.{name}" if schema else name
                    counted = ".".join(map(quote, full.split(".")))
                    rows = connection.execute(text(f"select count(*) from {counted}")).scalar_one()  # noqa: S608 constants and quoted identifiers
                    found.append(TableFound(full, columns, key, rows))
            return found
    except (SQLAlchemyError, OSError) as error:
        raise SourceUnavailable(
            f"the database cannot be inspected: {type(error).__name__}",
            next_step="check address, user and password, and that the database runs",
        ) from None
    finally:
        engine.dispose()


def _system_schemas(default: str | None) -> set[str | None]:
    return {default, "information_schema", "mysql", "performance_schema", "sys", "pg_catalog", "pg_toast", "main"}


# --- Files ------------------------------------------------------------------------------------------------------------


def list_files(folder: Path) -> list[str]:
    """The names of the files of a folder that can be read. Raises SourceUnavailable."""
    if not folder.is_dir():
        raise SourceUnavailable("the folder does not exist", next_step="check the variable that names it")
    return sorted(path.name for path in folder.iterdir() if path.suffix.lower() in FORMATS)


def sniff_format(path: Path, skip_rows: int = 0) -> dict[str, Any]:
    """How a file is written: format, and for CSV encoding and delimiter where they are not the usual ones. The header
    stands below `skip_rows` lines.
    """
    kind = FORMATS[path.suffix.lower()]
    if kind != "csv":
        return {"format": kind}
    with path.open("rb") as file:
        head = file.read(SNIFFED_BYTES)
    encoding = guess_encoding(head)
    lines = head.decode(encoding, "replace").splitlines()[skip_rows:]
    delimiter = max(",;\t|", key=lambda mark: lines[0].count(mark)) if lines else ","
    found = {"format": kind, "encoding": encoding, "delimiter": delimiter}
    if next(csv.reader(lines[:1], delimiter=delimiter), []) == []:
        raise SourceUnavailable("the file has no header", next_step="choose another, or ask the owner")
    return {
        name: value for name, value in found.items() if (name, value) not in {("encoding", "utf-8"), ("delimiter", ",")}
    }


# --- HTTP -------------------------------------------------------------------------------------------------------------


def fetch_page(wanted: ProbeRequest) -> tuple[Any, str]:
    """One answer and its Link header, asked for as the reader asks. Raises SourceUnavailable, HubMisconfigured."""
    manifest = make_provisional_manifest(wanted, ["id"])
    stream = manifest.streams["rows"]
    assert isinstance(stream, RestStream)
    client = HttpClient(ReaderContext(manifest, "rows", stream, Path()))
    try:
        url = client.build_url(stream.path).copy_merge_params(stream.parameters)
        found = client.fetch(HttpRequest(url), stream.max_page_bytes, lambda body: parse_json(wanted.name, body))
    finally:
        client.close()
    return found.content, found.link


def guess_paging(document: Any, link: str, records: str | None = None) -> dict[str, Any]:
    """Guess where the list is in a page, if that is not given, and how to reach the next page. Raises OperationRefused."""
    if records is None:
        records = next((path for path in LIST_PATHS if _is_list(get_at_path(document, path))), None)
    if records is None:
        raise OperationRefused(
            "no list of objects was found in the answer", next_step="give its path: --records data.items"
        )
    found: dict[str, Any] = {"records": records} if records else {}
    if named := find_next_page(document, link):
        return {**found, "paging": dict(named.declared)}
    for paths, kind, key in (
        (NEXT_PATHS, "cursor", "next"),
        (PAGE_COUNT_PATHS, "page", "total_pages"),
        (TOTAL_PATHS, "offset", "total"),
    ):
        at = next((path for path in paths if isinstance(get_at_path(document, path), str | int)), None)
        if at is not None:
            return {**found, "paging": {"kind": kind, key: at}}
    return found


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value) and bool(value)


# --- Rows -------------------------------------------------------------------------------------------------------------


def probe_source(wanted: ProbeRequest, key: Sequence[str] = (), folder: Path | None = None) -> ProbeResult:
    """The first rows, by the reader that will read them. `folder` has the files that the manifest names.

    Raises SourceUnavailable, HubMisconfigured.
    """
    frame = read_first_rows(make_provisional_manifest(wanted, key or ["id"], folder), "rows", SAMPLE_ROWS)
    return ProbeResult(wanted, _nest_rows(frame.to_dicts()) if wanted.kind != "sql" else frame.to_dicts(), key)


def make_provisional_manifest(wanted: ProbeRequest, key: Sequence[str], folder: Path | None = None) -> Manifest:
    """A manifest that reads and maps nothing. `folder` is the one that it is taken to be in."""
    facts = dict.fromkeys(("sector", "owner", "legal_basis", "version", "freshness"), "-")
    stream = {**wanted.stream, "key": list(key), "emits": {"Citizen": {"fields": {}}}}
    made = parse_manifest(
        {
            "name": wanted.name,
            "title": {"vi": "-", "en": "-"},
            **facts,
            "source": {"kind": wanted.kind, **wanted.source},
            "streams": {"rows": stream},
        }
    )
    return made.move_to(folder) if folder else made


def _nest_rows(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows as the source nests them: what a frame has as `a.b` is an object again."""
    made: list[dict[str, Any]] = []
    for row in rows:
        whole: dict[str, Any] = {}
        for path, value in row.items():
            *heads, last = path.split(".")
            inner = whole
            for head in heads:
                inner = inner.setdefault(head, {})
            inner[last] = value
        made.append(whole)
    return made
