"""A small store of citizens, filled by the hub's own ingest from CSV files that a test writes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import polars as pl
import pytest
from sqlalchemy import Engine

from hub.ingest.read.reader import ReadBatch, Reader, ReaderContext, ReadState
from hub.ingest.run import connector_run as ingest
from hub.ingest.run.connector_run import RunReport
from hub.sdk.manifest import Manifest, parse_manifest

HEADER = "id;so;ten;sinh;xa;luc;them\n"


def manifest(folder: str, **stream: Any) -> Manifest:
    """A connector of one CSV stream of citizens and one of payments, in a folder that a variable names."""
    people = {
        "files": "people*.csv",
        "format": "csv",
        "delimiter": ";",
        "key": ["id"],
        "changed_at": "luc",
        "ignore": ["them"],
        "emits": {
            "Citizen": {
                "fields": {
                    "personal_id": "so",
                    "full_name": "ten",
                    "birth_date": {"column": "sinh", "formats": ["%d/%m/%Y", "%Y"]},
                    "residence_unit_code": {"template": "{xa}@2020-01-01"},
                }
            }
        },
        **stream,
    }
    label = {"vi": "Thử", "en": "Test"}
    source = {"kind": "files", "folder": {"env": folder}}
    facts = {"title": label, "sector": "citizen", "owner": "-", "legal_basis": "-", "version": "7", "freshness": "-"}
    return parse_manifest({"name": "trial", "source": source, "streams": {"people": people}, **facts})


class Command(Protocol):
    """A command of `hub`, run in this process on the trial's store."""

    def __call__(self, *arguments: str, fails: int = 0) -> str:
        """Run it. Returns what it printed on both streams; `fails` is the exit code that is expected."""


class Changes(Reader):
    """A reader of changes, of which a test says what they are."""

    def __init__(self, context: ReaderContext, frame: pl.DataFrame) -> None:
        super().__init__(context)
        self.frame = frame

    def whole(self, state: ReadState | None) -> bool:
        return False

    def read(self, state: ReadState | None) -> Iterator[ReadBatch]:
        for at, rows in enumerate(self.frame.iter_slices(self.context.stream.commit_rows)):
            yield ReadBatch(rows, {"n": (state or {}).get("n", 0) + at + 1})


class Trial:
    """A store and a folder of people."""

    def __init__(self, made: Engine, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.engine, self.folder, self.patch = made, folder, patch
        patch.setenv("TRIAL_FOLDER", str(folder))

    def write(self, *rows: str, file: str = "people.csv", header: str = HEADER) -> None:
        (self.folder / file).write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")

    def sync(self, *, accept_deletes: bool = False, full: bool = False, **stream: Any) -> RunReport:
        self.patch.setattr(ingest, "load_manifests", lambda: {"trial": manifest("TRIAL_FOLDER", **stream)})
        (report,) = ingest.sync_connectors(self.engine, ["trial"], accept_deletes=accept_deletes, full=full)
        return report

    def changes(self, *rows: str, header: str = HEADER, **stream: Any) -> RunReport:
        """A run of a reader of changes that gives these rows."""
        text = header + "".join(f"{row}\n" for row in rows)
        frame = pl.read_csv(text.encode(), separator=";", infer_schema=False)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ingest, "open_reader", lambda context: Changes(context, frame))
            return self.sync(**{"deletes": "none", **stream})

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]


def person(number: int, name: str = "Lê Văn An", **other: str) -> str:
    cells = {"so": f"{number:012d}", "sinh": "1980", "xa": "06820", "luc": "2026-01-01T00:00:00+07:00", **other}
    return f"{number};{cells['so']};{name};{cells['sinh']};{cells['xa']};{cells['luc']};-"
