"""`hub subjects`: the rights of data subjects. A copy of what the hub holds about one person, and the restriction of its processing."""

import getpass
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import cyclopts
import orjson
from cyclopts import Parameter
from psycopg import Connection

from hub.access.alarms import raise_alarm
from hub.access.subjects.sealing import (
    MAX_REASON_CHARS,
    RestrictionGround,
    Seal,
    WithholdKind,
    lift_restriction,
    list_seals,
    restrict_subject,
)
from hub.access.subjects.subject_export import (
    NOTES,
    ExportedVersion,
    check_not_sealed,
    list_exported_entities,
    read_subject_export,
)
from hub.access.subjects.subject_snapshots import read_own_snapshots
from hub.cli.identifiers import FROM_INPUT_HELP, read_identifier
from hub.cli.ledger.log import MAX_LISTED, LogSlice, find_people, open_log, query_log
from hub.cli.options import Json
from hub.cli.private_files import create_private_file
from hub.cli.shown_values import ShownValues, name_local_user, record_shown
from hub.cli.store import connect_to_read, connect_to_store
from hub.cli.terminal import OUT, show_json, show_table
from hub.errors import OperationRefused
from hub.graph.ledger.my_access_log import describe_entry, find_told_purposes
from hub.ledger.log.query import LogFilter
from hub.ledger.log.sentences import write_sentence
from hub.ledger.writing.records import RecordKind
from hub.model.names import quote_identifier
from hub.model.registry import load_registry
from hub.plan.binds import global_id
from hub.settings import load_settings

app = cyclopts.App(name="subjects")
FORMAT = "hub-subject-export-1"
COLUMNS = ("kind", "number", "ground", "reason", "by", "since")
Person = Annotated[
    str,
    Parameter(name="--personal-id", allow_leading_hyphen=True, help=f"The person's identifier; {FROM_INPUT_HELP}"),
]


@app.command(name="export")
def export_command(
    *, personal_id: Person, to: Annotated[Path, Parameter(help="JSON file to make; only you may read it.")]
) -> None:
    """Export everything that the hub holds of one person, with where it comes from. It is recorded in the ledger."""
    if to.exists():
        raise OperationRefused(f"{to} is there already", next_step="name a new file")
    identifier, declared = read_identifier(personal_id), load_registry()
    with open_log() as connection:
        people = find_people(connection, identifier)
        kind, numbers = people[0][0], [number for _, number in people]
        check_not_sealed(connection, kind, numbers)
        fields = tuple(f"{name}.*" for name in list_exported_entities(declared, kind))
        details = {"looked_for": ["everything of one person"]}
        record_shown(connection, ShownValues(fields, people, RecordKind.EXPORT, details=details))
        with connection.transaction():
            connection.execute("set transaction isolation level repeatable read")
            found = read_subject_export(connection, declared, kind, numbers)
            snapshots = read_own_snapshots(
                connection,
                {"kind": kind, "people": numbers, "identifiers": list(found.identifiers)},
                [global_id(kind, number) for number in numbers],
                _list_given_fields(found.versions),
            )
            log = query_log(connection, LogFilter(), LogSlice(MAX_LISTED, told=find_told_purposes()), people)
    document = {
        "format": FORMAT,
        "at": datetime.now(UTC),
        "hub": version("cross-sector-hub"),
        "subject": {"entity": kind, "ids": [global_id(kind, number) for number in numbers]},
        "records": [_describe(one) for one in found.versions],
        "discrepancies": found.discrepancies,
        "corrections": found.corrections,
        "dossiers": found.dossiers,
        "snapshots": snapshots,
        "restriction": found.restriction,
        "accessLog": [
            {"at": entry.at, "text": asdict(write_sentence(describe_entry(entry, log.own)))} for entry in log.entries
        ],
        "accessLogIsCut": len(log.entries) == MAX_LISTED,
        "notes": NOTES,
    }
    with create_private_file(to) as file:
        file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2, default=str))
    OUT.print(f"{to}: {len(found.versions):,} records, {len(log.entries):,} entries of the access log")


@app.command(name="restrict")
def restrict_command(
    *,
    personal_id: Person,
    ground: RestrictionGround,
    reason: Annotated[
        str, Parameter(help=f"Why, in a sentence of at most {MAX_REASON_CHARS} characters. Name no person.")
    ],
    by: str | None = None,
) -> None:
    """Restrict the processing of one person: every running hub refuses answers with their data within 10 seconds.

    Parameters
    ----------
    ground
        REQUEST: the person asked for it. DISPUTE: they dispute the data. AUTHORITY: a court or an authority ordered it.
    by
        Who decided it; your login name if you leave it out.
    """
    identifier = read_identifier(personal_id)
    with connect_to_store(load_settings()) as connection:
        people = _find_held(connection, identifier)
        with connection.transaction():
            new = [restrict_subject(connection, *one, ground, reason, by or getpass.getuser()) for one in people]
    OUT.print("restricted" if any(new) else "was restricted already; its first reason stays")


@app.command(name="lift")
def lift_command(*, personal_id: Person) -> None:
    """Lift the restriction of one person: their data can be read again. It raises an alarm, so that nobody does it unseen."""
    identifier = read_identifier(personal_id)
    with connect_to_store(load_settings()) as connection:
        people = find_people(connection, identifier)
        with connection.transaction():
            lifted = [lift_restriction(connection, *one) for one in people]
            if any(lifted):
                raise_alarm(connection, "RESTRICTION_LIFTED", principal=name_local_user(), dossier_id=None)
    OUT.print("lifted" if any(lifted) else "was not restricted")


@app.command(name="list")
def list_command(*, json: Json = False) -> None:
    """List people whose processing is restricted, oldest first: by number, without a value of theirs."""
    with connect_to_read(load_settings()) as connection:
        found = list_seals(connection, WithholdKind.RESTRICTION)
    if json:
        show_json([_describe_restriction(one) for one in found])
    else:
        show_table("Restricted people", COLUMNS, [tuple(_describe_restriction(one).values()) for one in found])


def _find_held(connection: Connection[Any], identifier: str) -> Iterable[tuple[str, int]]:
    """The rows of the person that are held: one that was merged away and deleted cannot be read either way."""
    people = find_people(connection, identifier)
    entity = load_registry()[people[0][0]]
    numbers = [number for _, number in people]
    rows = connection.execute(
        f"select id from data.{quote_identifier(entity.table)} where id = any(%s) order by id",  # noqa: S608 a quoted identifier
        (numbers,),
    )
    return [(entity.name, int(number)) for (number,) in rows.fetchall()]


def _list_given_fields(versions: Iterable[ExportedVersion]) -> dict[str, set[str]]:
    given: dict[str, set[str]] = {}
    for one in versions:
        given.setdefault(global_id(one.entity, one.number), set()).update(one.values)
    return given


def _describe(one: ExportedVersion) -> Mapping[str, Any]:
    told = {
        "id": global_id(one.entity, one.number),
        "entity": one.entity,
        "label": asdict(load_registry()[one.entity].label),
        "values": one.values,
        "source": one.source,
        "since": one.since,
        "until": one.until,
        "links": one.links,
    }
    return told | ({"withheld": one.withheld} if one.withheld else {})


def _describe_restriction(one: Seal) -> dict[str, Any]:
    values = (one.entity, one.number, one.ground, one.reason, one.sealed_by, f"{one.sealed_at:%Y-%m-%d %H:%M}")
    return dict(zip(COLUMNS, values, strict=True))
