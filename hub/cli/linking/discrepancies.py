"""`hub discrepancies`: copies that differ from their authority, and handing them over to the sectors that keep them.

Lists and counts have no personal data; what `export` writes has, since the sector needs both values to mend its copy.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter
from psycopg import Connection

from hub.cli.options import Json, LabelLanguage, Lang
from hub.cli.shown_values import ShownValues, record_exported
from hub.cli.store import connect_to_read
from hub.cli.terminal import OUT, show_json, show_table
from hub.errors import OperationRefused
from hub.ledger.writing.records import RecordKind
from hub.link.discrepancies import handover
from hub.link.discrepancies.handover import Discrepancy, Number, Which
from hub.model.labels import find_label
from hub.model.registry import load_registry
from hub.settings import load_settings

app = cyclopts.App(name="discrepancies")
Sector = Annotated[str | None, Parameter(help="Only this sector.")]
Entity = Annotated[str | None, Parameter(help="Only this kind of record.")]
Field = Annotated[str | None, Parameter(help="Only this column of the record, e.g. debtor_name.")]
Kind = Annotated[str | None, Parameter(help="SPELLING (they differ only in diacritics) or DIFFERS.")]
Since = Annotated[date | None, Parameter(help="Only those first seen on or after this day, YYYY-MM-DD.")]
All = Annotated[bool, Parameter(help="Include resolved ones.")]


@app.command(name="list")
def list_command(
    sector: Sector = None,
    *,
    entity: Entity = None,
    field: Field = None,
    kind: Kind = None,
    since: Since = None,
    all: All = False,
    limit: Annotated[int, Parameter(help="Maximum number of rows.")] = 100,
    lang: Lang = LabelLanguage.VI,
    json: Json = False,
) -> None:
    """List discrepancies, newest first, without their values."""
    which = Which(sector, entity, field, kind, since, every=all)
    with _store() as connection:
        found = handover.list_discrepancies(connection, which, limit)
    if json:
        show_json([asdict(row) for row in found])
        return
    columns = (
        "id",
        "sector",
        "connector",
        "stream",
        "copy",
        "authority",
        "kind",
        "better",
        "since",
        "until",
    )
    rows = [
        (str(d.id), d.sector, d.connector, d.stream, *_name_copy(d, lang), d.kind, d.better,
         f"{d.since:%Y-%m-%d %H:%M}", d.until and f"{d.until:%Y-%m-%d %H:%M}")
        for d in found
    ]  # fmt: skip
    show_table("Discrepancies", columns, rows)


@app.command(name="counts")
def counts_command(
    sector: Sector = None,
    *,
    entity: Entity = None,
    field: Field = None,
    kind: Kind = None,
    since: Since = None,
    all: All = False,
    lang: Lang = LabelLanguage.VI,
    json: Json = False,
) -> None:
    """Count discrepancies, by sector, stream, kind of record, column and grade."""
    which = Which(sector, entity, field, kind, since, every=all)
    with _store() as connection:
        found = handover.count_discrepancies(connection, which)
    if json:
        show_json([asdict(number) for number in found])
        return
    columns = ("sector", "connector", "stream", "copy", "authority", "kind", "rows", "oldest")
    rows = [
        (n.sector, n.connector, n.stream, *_name_copy(n, lang), n.kind, n.rows,
         f"{n.oldest:%Y-%m-%d %H:%M}")
        for n in found
    ]  # fmt: skip
    show_table("Discrepancies", columns, rows, numbers=("rows",))


@app.command(name="export")
def export_command(
    folder: Path,
    sector: Sector = None,
    *,
    entity: Entity = None,
    field: Field = None,
    kind: Kind = None,
    since: Since = None,
    all: All = False,
    json: Json = False,
) -> None:
    """Write discrepancies with both values, a CSV file for each sector that mends. They are personal data: for that sector only.

    A sector mends its copy, and the authority's own where the copy of another has marks that it lacks. If neither spelling
    has all marks of the other, nobody is told to change his.

    Parameters
    ----------
    folder
        Where `<sector>.csv` goes; files of that name are replaced, and only the user of the machine may read them.
    """
    which = Which(sector, entity, field, kind, since, every=all)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None
    written: dict[str, int] = {}
    with _store() as connection:
        people = {_name_subject(row) for row in handover.read_discrepancies(connection, which)}
        record_exported(connection, ShownValues((f"{entity or '*'}.{field or '*'}",), tuple(people), RecordKind.EXPORT))
        # Read again: the export is recorded before it is written. Whoever was added in between is in the next one.
        again = (row for row in handover.read_discrepancies(connection, which) if _name_subject(row) in people)
        for name, rows in groupby(again, lambda row: row.sector):
            written[name] = _write(folder / f"{name}.csv", rows)
    if json:
        show_json(
            [{"sector": name, "file": str(folder / f"{name}.csv"), "rows": rows} for name, rows in written.items()]
        )
        return
    for name, count in written.items():
        OUT.print(f"{folder / name}.csv: {count:,} discrepancies")
    if not written:
        OUT.print("there are none")


def _name_subject(row: handover.Handed) -> tuple[str, int]:
    return row.subject_kind, row.subject_id


def _name_copy(one: Discrepancy | Number, lang: LabelLanguage) -> tuple[str, str]:
    """The copy and what it is held against, in words."""
    columns = ((one.entity, one.field), (one.subject_kind, one.subject_field))
    copy, authority = (lang.pick(find_label(load_registry(), entity, field)) for entity, field in columns)
    return copy, authority


def _write(path: Path, rows: Iterator[handover.Handed]) -> int:
    """Write one file, which is there whole or not at all."""
    beside = path.with_suffix(".part")
    try:
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
            count = handover.write_discrepancies(rows, out)
        beside.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    return count


def _unwritable(path: Path, error: OSError) -> OperationRefused:
    return OperationRefused(
        f"{path} cannot be written: {error.strerror}", next_step="name a folder that you may write to"
    )


@contextmanager
def _store() -> Iterator[Connection[Any]]:
    with connect_to_read(load_settings()) as connection:
        yield connection
