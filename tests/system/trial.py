"""A small store of citizens, filled by the hub's own ingest from CSV files that a test writes."""

from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import Engine

from hub.ingest import run as ingest
from hub.ingest.run import RunReport
from hub.sdk.manifest import Manifest, parse

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
    return parse({"name": "trial", "source": source, "streams": {"people": people}, **facts})


class Command(Protocol):
    """A command of `hub`, run in this process on the trial's store."""

    def __call__(self, *arguments: str, fails: int = 0) -> str:
        """Run it. Returns what it printed on both streams; `fails` is the exit code that is expected."""


class Trial:
    """A store and a folder of people."""

    def __init__(self, made: Engine, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.engine, self.folder, self.patch = made, folder, patch
        patch.setenv("TRIAL_FOLDER", str(folder))

    def write(self, *rows: str, file: str = "people.csv", header: str = HEADER) -> None:
        (self.folder / file).write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")

    def sync(self, *, accept_deletes: bool = False, full: bool = False, **stream: Any) -> RunReport:
        self.patch.setattr(ingest, "discover", lambda: {"trial": manifest("TRIAL_FOLDER", **stream)})
        (report,) = ingest.sync(self.engine, ["trial"], accept_deletes=accept_deletes, full=full)
        return report

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]


def person(number: int, name: str = "Lê Văn An", **other: str) -> str:
    cells = {"so": f"{number:012d}", "sinh": "1980", "xa": "06820", "luc": "2026-01-01T00:00:00+07:00", **other}
    return f"{number};{cells['so']};{name};{cells['sinh']};{cells['xa']};{cells['luc']};-"
