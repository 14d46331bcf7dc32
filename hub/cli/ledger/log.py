"""`hub ledger list | usage | spans`: the log of reads in the terminal. Reading it is written down in it, before anything is printed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib.metadata import version
from typing import Annotated, Any

import orjson
from cyclopts import Parameter
from psycopg import Connection

from hub.cli.identifiers import FROM_INPUT_HELP, read_identifier
from hub.cli.options import Json
from hub.cli.shown_values import ShownValues, record_shown
from hub.cli.store import connect_to_read
from hub.cli.terminal import OUT, show_json, show_table, show_text
from hub.errors import OperationRefused
from hub.graph.ledger.my_access_log import describe_entry, find_told_purposes
from hub.ledger.log.entries import LogEntry, LogPosition, parse_cursor, read_entry
from hub.ledger.log.exports import to_find_usage, to_otlp_spans
from hub.ledger.log.looked_for import describe_search
from hub.ledger.log.people import PersonKey, build_people_query, find_person_entity, read_people
from hub.ledger.log.query import MONTHS, LogFilter, ToldPurposes, build_log_query, make_pseudonyms
from hub.ledger.months import LedgerMonth
from hub.ledger.writing.records import ReadOutcome, RecordKind
from hub.model.registry import load_registry
from hub.settings import load_settings

MAX_LISTED = 10_000
Since = Annotated[datetime | None, Parameter(help="Not before this instant, e.g. 2026-07-01T00:00:00+07:00.")]
Until = Annotated[datetime | None, Parameter(help="Before this instant.")]
Personal = Annotated[
    str | None,
    Parameter(
        name="--personal-id",
        allow_leading_hyphen=True,
        help=f"About the person with this identifier; {FROM_INPUT_HELP}",
    ),
]
Citizen = Annotated[str, Parameter(allow_leading_hyphen=True, help=f"The citizen's identifier; {FROM_INPUT_HELP}")]
Limit = Annotated[int, Parameter(help=f"At most so many, up to {MAX_LISTED:,}.")]
COLUMNS = ("at", "kind", "outcome", "principal", "purpose", "dossier", "office", "people", "code", "record")


@dataclass(frozen=True)
class PersonLog:
    """Entries about one person; `own` are the pseudonyms of their rows, in hexadecimal."""

    entries: list[LogEntry]
    own: frozenset[str]


@dataclass(frozen=True)
class LogSlice:
    """Which entries are wanted: at most `rows`, after a position; those of one person, or what that person may be told."""

    rows: int
    after: LogPosition | None = None
    personal_id: str | None = None
    told: ToldPurposes | None = None


def list_entries(
    *,
    since: Since = None,
    until: Until = None,
    principal: str | None = None,
    app: str | None = None,
    purpose: str | None = None,
    dossier: str | None = None,
    office: str | None = None,
    kind: str | None = None,
    outcome: str | None = None,
    code: str | None = None,
    personal_id: Personal = None,
    limit: Limit = 50,
    after: str | None = None,
    json: Json = False,
) -> None:
    """List who read what, newest first. Nobody's values are shown; the reading is recorded in the ledger.

    Parameters
    ----------
    principal
        Of this principal, by id: `<issuer>|<sub>`, `key:<prefix>` or `local:<login>`.
    app
        By this acting app.
    purpose
        Under this purpose.
    dossier
        On this dossier.
    office
        Of this office, e.g. 06820@2025-07-01.
    kind
        READ, EVENT, MASKED, COMMAND, EXPORT, AUDIT, KEEPING, EPOCH_BEGIN or EPOCH_END.
    outcome
        ANSWERED, REFUSED, NOTHING_FOUND or FAILED.
    code
        With this error code.
    after
        The cursor of the page before.
    """
    names = {"principal": principal, "app": app, "purpose": purpose, "dossier": dossier, "office": office}
    wanted = LogFilter(since, until, kind=kind, outcome=outcome, code=code, **names)
    _check_word("kind", kind, RecordKind)
    _check_word("outcome", outcome, ReadOutcome)
    position = parse_cursor(after) if after else None
    person = None if personal_id is None else read_identifier(personal_id)
    with open_log() as connection:
        found = read_log(connection, wanted, LogSlice(limit, position, person)).entries
    cursor = found[-1].position.cursor if len(found) == limit else None
    if json:
        show_json({"entries": [_describe(entry) for entry in found], "after": cursor})
        return
    show_table("Ledger", COLUMNS, [_row(entry) for entry in found], numbers=("people",))
    if cursor:
        OUT.print(f"more: --after {cursor}")


def list_usage(personal_id: Citizen, *, since: Since = None, until: Until = None, limit: Limit = 100) -> None:
    """Print what one citizen is told of who read their data, in Estonia's findUsage form. It is recorded in the ledger."""
    identifier = read_identifier(personal_id)
    with open_log() as connection:
        wanted = LogSlice(limit, personal_id=identifier, told=find_told_purposes())
        log = read_log(connection, LogFilter(since, until), wanted)
    show_json(to_find_usage((entry.at, describe_entry(entry, log.own)) for entry in log.entries))


def export_spans(*, since: Since = None, until: Until = None, limit: Limit = 1_000, after: str | None = None) -> None:
    """Export entries as OTLP spans after the Dutch Logboek Dataverwerkingen. It is recorded in the ledger.

    One JSON document on stdout, as `/v1/traces` of a collector takes it. The people in it are pseudonyms.

    Parameters
    ----------
    after
        The cursor of the page before, which goes to stderr.
    """
    position = parse_cursor(after) if after else None
    with open_log() as connection:
        found = read_log(connection, LogFilter(since, until), LogSlice(limit, position), kind=RecordKind.EXPORT).entries
    show_text(orjson.dumps(to_otlp_spans(found, version=version("cross-sector-hub"))).decode())


@contextmanager
def open_log() -> Iterator[Connection[Any]]:
    """A connection to the store, whose ledger is read and written."""
    with connect_to_read(load_settings()) as connection:
        yield connection


def read_log(
    connection: Connection[Any], wanted: LogFilter, part: LogSlice, *, kind: RecordKind = RecordKind.AUDIT
) -> PersonLog:
    """Entries, after it was written down that they are read. Raises OperationRefused, HubMisconfigured."""
    if not 1 <= part.rows <= MAX_LISTED:
        raise OperationRefused(f"--limit must be 1 to {MAX_LISTED:,}", next_step="list a shorter time")
    people = None if part.personal_id is None else find_people(connection, part.personal_id)
    details = {"looked_for": describe_search(wanted, of_person=people is not None)}
    shown = ShownValues((), people or (), kind, details=details)
    record_shown(connection, shown)
    return query_log(connection, wanted, part, people)


def query_log(
    connection: Connection[Any], wanted: LogFilter, part: LogSlice, people: tuple[tuple[str, int], ...] | None
) -> PersonLog:
    """Entries, those of a person's rows if they are given. It is for the caller to write down that they are read."""
    months = _list_keyed_months(connection) if people else []
    whose = None if people is None else make_pseudonyms(months, people, wanted)
    query = build_log_query(wanted, rows=part.rows, after=part.after, whose=whose, told=part.told)
    found = [read_entry(row) for row in connection.execute(query.sql, query.parameters).fetchall()]
    return PersonLog(found, frozenset(one.pseudonym.hex() for one in whose or ()))


def find_people(connection: Connection[Any], personal_id: str) -> tuple[tuple[str, int], ...]:
    """All rows that are the person with this identifier. Raises OperationRefused with SUBJECT_UNKNOWN."""
    entity = find_person_entity(load_registry())
    query = build_people_query(load_registry(), PersonKey(entity.name, field=entity.keys[0].name, value=personal_id))
    return read_people(entity.name, connection.execute(query.sql, query.parameters).fetchall())


def _list_keyed_months(connection: Connection[Any]) -> list[LedgerMonth]:
    rows = connection.execute(MONTHS).fetchall()
    return [LedgerMonth(first_day, bytes(key)) for first_day, _, key in rows if key is not None]


def _check_word(name: str, given: str | None, known: type[StrEnum]) -> None:
    """Raises OperationRefused for a word that no record can have: an empty list would say that there is none."""
    if given is not None and given not in known.__members__:
        raise OperationRefused(f"there is no {name} {given[:40]}", next_step=f"use one of: {', '.join(known)}")


def _describe(entry: LogEntry) -> dict[str, Any]:
    """An entry as JSON: what the record says, without pseudonyms."""
    told = {name: value for name, value in entry.body.items() if name not in ("subjects", "operation")}
    return {
        **told,
        "people": {role: len(people) for role, people in entry.people.items()},
        "paths": entry.paths,
        "epoch": str(entry.stored.epoch),
        "number": entry.stored.number,
        "hash": entry.stored.hash.hex(),
        "intact": entry.is_intact,
    }


def _row(entry: LogEntry) -> tuple[object, ...]:
    body = entry.body
    people = sum(map(len, entry.people.values()))
    place = f"{entry.stored.epoch.hex[:8]}:{entry.stored.number}" + ("" if entry.is_intact else " EDITED")
    names = (body.get(name) for name in ("kind", "outcome", "principal", "purpose", "dossier", "office"))
    return (f"{entry.at:%Y-%m-%d %H:%M:%S}", *names, people, body.get("code"), place)
