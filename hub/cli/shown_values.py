"""Commands that show values of people write down, in the ledger, who saw which fields: before they print."""

import getpass
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import psycopg
from psycopg import Connection, sql

from hub.access.alarms import raise_alarm
from hub.access.purposes import read_purposes
from hub.access.subjects.sealing import WITHHELD, WITHHELD_ALARMS, find_withheld
from hub.errors import HubMisconfigured
from hub.ledger.writing.command_chain import commit_command
from hub.ledger.writing.records import (
    INCIDENTAL_ROLE,
    LOCAL_PRINCIPAL,
    REQUESTED_ROLE,
    DisclosedSubject,
    LedgerEntry,
    ReadOutcome,
    RecordKind,
)
from hub.model.registry import load_registry
from hub.settings import load_settings
from hub.store.connections.connection import StoreConnection
from hub.store.engine import SESSION, add_silence_timeouts

HAS_LEDGER = """
select exists (
    select from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'ledger' and c.relname = 'record'
)"""
"""Not by the name: a role that may not use the schema has to be refused, and not to go without."""


@dataclass(frozen=True)
class ShownValues:
    """Values that a command is about to show: paths of fields, rows of subjects (kind and number), and the search terms."""

    fields: tuple[str, ...]
    subjects: tuple[tuple[str, int], ...] = ()
    kind: RecordKind = RecordKind.COMMAND
    purpose: str | None = None
    details: Mapping[str, Any] | None = None
    others: tuple[tuple[str, int], ...] = ()
    """Rows of people whose data comes along with theirs: a spouse, a co-holder."""


RECORD_PEOPLE = 1_000
"""People in one record of an export: a file of a hundred thousand is a hundred records."""


def record_exported(connection: Connection[Any], shown: ShownValues) -> None:
    """Write down an export of any number of people, at most RECORD_PEOPLE in a record. Raises what `record_shown` does."""
    for start in range(0, max(len(shown.subjects), 1), RECORD_PEOPLE):
        record_shown(connection, replace(shown, subjects=shown.subjects[start : start + RECORD_PEOPLE]))


def record_shown(connection: Connection[Any], shown: ShownValues) -> None:
    """Write down what the user of this machine is about to see. `connection` is the store's.

    Raises HubMisconfigured with LEDGER_UNAVAILABLE if the store has a ledger and it cannot be written, OperationRefused with SUBJECT_SEALED or
    SUBJECT_RESTRICTED, after an alarm, if a command would show such a person: then nothing is shown. A copy for the person, and the reading of
    the ledger, are no such commands.
    """
    row = connection.execute(HAS_LEDGER).fetchone()
    if row is None or not row[0]:
        return
    people = _list_shown_people(connection, shown) if shown.kind is RecordKind.COMMAND else ()
    withheld = next(iter(find_withheld(connection, people)), None)
    if withheld is None:
        _record(connection, shown, ReadOutcome.ANSWERED, None)
        return
    _record(connection, shown, ReadOutcome.REFUSED, WITHHELD[withheld].code)
    with suppress(psycopg.errors.InsufficientPrivilege):  # of a login that may only read: it is refused all the same
        raise_alarm(connection, WITHHELD_ALARMS[withheld], principal=name_local_user(), dossier_id=None)
    raise WITHHELD[withheld]


def _list_shown_people(connection: Connection[Any], shown: ShownValues) -> set[tuple[str, int]]:
    """The subjects that are shown, and those whom the shown records are about."""
    found = {*shown.subjects, *shown.others}
    for kind, number in tuple(found):
        entity = load_registry().entities.get(kind)
        for linked in entity.linked if entity is not None else ():
            table = sql.Identifier("link", linked.table)
            query = sql.SQL("select subject_kind, subject_id from {} where record_id = %s and status <> 'UNCONFIRMED'")
            found |= {(str(one), int(of)) for one, of in connection.execute(query.format(table), (number,)).fetchall()}
    return found


def _record(connection: Connection[Any], shown: ShownValues, outcome: ReadOutcome, code: str | None) -> None:
    purpose = read_purposes().get(shown.purpose) if shown.purpose is not None else None
    entry = LedgerEntry(
        datetime.now(UTC),
        shown.kind,
        name_local_user(),
        outcome,
        code=code,
        purpose=shown.purpose,
        purpose_version=purpose.version if purpose is not None else None,
        paths=tuple(sorted(set(shown.fields))),
        subjects=tuple(_list_people(shown)),
        details=shown.details,
    )
    try:
        with _connect_to_ledger(connection) as ledger:
            commit_command(ledger, [entry], version("cross-sector-hub"))
    except psycopg.Error as error:
        raise HubMisconfigured(
            f"what this command shows cannot be written down, so it is not shown: {type(error).__name__}",
            code="LEDGER_UNAVAILABLE",
            next_step="set HUB_LEDGER_URL to a login in the role hub_ledger on the primary, or run it as the owner of the tables",
        ) from None


def name_local_user() -> str:
    """The principal of a command: `local:` and the login."""
    return f"{LOCAL_PRINCIPAL}{getpass.getuser()}"


@contextmanager
def _connect_to_ledger(connection: Connection[Any]) -> Iterator[Connection[Any]]:
    given = load_settings().ledger_url
    if given is None:
        yield connection
        return
    url = add_silence_timeouts(given.get_secret_value())
    with StoreConnection.connect(url, options=SESSION, autocommit=True) as own:
        yield own


def _list_people(shown: ShownValues) -> Iterator[DisclosedSubject]:
    requested = set(shown.subjects)
    for role, people in ((REQUESTED_ROLE, requested), (INCIDENTAL_ROLE, set(shown.others) - requested)):
        for kind, number in sorted(people):
            if (entity := load_registry().entities.get(kind)) is not None and entity.personal:
                yield DisclosedSubject(kind, number, role)
