"""After a leak: everyone whose data one credential read since an instant, with the fields read of them.

Pseudonyms cannot be turned back, so those of every person whom the hub holds are made again, month by month, and compared.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import orjson
from psycopg import Connection

from hub.errors import OperationRefused
from hub.ledger.log.concerns import find_categories
from hub.ledger.log.people import find_person_entity
from hub.ledger.months import LedgerMonth
from hub.ledger.writing.records import HEADER_BYTES, INCIDENTAL_ROLE, REFUSED_ROLE
from hub.model.names import quote_identifier
from hub.model.registry import load_registry

BATCH_ROWS = 5_000
MAX_READ_PEOPLE = 2_000_000
"""People of one month and credential; more are refused rather than kept in memory."""
READS = """
select r.month, r.at, r.record, o.paths
from ledger.record r
left join ledger.operation o
    on o.hash = decode(substring(encode(r.record, 'escape') from '"operation":"([0-9a-f]{64})"'), 'hex')
where r.principal = %(principal)s and r.at >= %(since)s and r.at < %(until)s
order by r.at"""
MONTHS = "select first_day, subject_key from ledger.month order by first_day"


@dataclass
class ReadPerson:
    """The reads of one person."""

    reads: int = 0
    first: datetime | None = None
    last: datetime | None = None
    categories: dict[str, None] = field(default_factory=dict)
    dossiers: dict[str, None] = field(default_factory=dict)

    def add(self, at: datetime, what: Mapping[str, None], dossier: str | None) -> None:
        """Count one read."""
        self.reads += 1
        self.first = self.first or at
        self.last = at
        self.categories |= what
        if dossier:
            self.dossiers[dossier] = None

    def merge(self, other: "ReadPerson") -> None:
        """Add the reads of the same person in another month, or under another row."""
        self.reads += other.reads
        self.first = min(filter(None, (self.first, other.first)), default=None)
        self.last = max(filter(None, (self.last, other.last)), default=None)
        self.categories |= other.categories
        self.dossiers |= other.dossiers


@dataclass(frozen=True)
class BreachedPerson:
    """A person to be notified: entity and number of the row, its identifier and name, and the paths that were read."""

    entity: str
    number: int
    identifier: str
    name: str
    read: ReadPerson


@dataclass(frozen=True)
class Breach:
    """What a credential read. `unknown` people cannot be named: their rows are gone, or the key of the month is."""

    principal: str
    since: datetime
    until: datetime
    reads: int
    people: tuple[BreachedPerson, ...]
    unknown: int
    destroyed_months: tuple[date, ...]

    @property
    def categories(self) -> tuple[str, ...]:
        """The kinds of data that were read, in Vietnamese."""
        return tuple(dict.fromkeys(what for person in self.people for what in person.read.categories))


def find_breach(connection: Connection[Any], principal: str, since: datetime, until: datetime) -> Breach:
    """Everyone whose data the principal read from `since` on, before `until`. Raises OperationRefused for too many people."""
    by_month: dict[date, dict[str, ReadPerson]] = {}
    reads = 0
    for month, at, record, paths in _read_rows(connection, principal, since, until):
        people = by_month.setdefault(month, {})
        reads += _add_record(people, at.astimezone(UTC), bytes(record), paths)
        if len(people) > MAX_READ_PEOPLE:
            raise OperationRefused(
                f"more than {MAX_READ_PEOPLE:,} people were read in one month",
                next_step="give a shorter time with --until",
            )
    keys: dict[date, bytes | None] = dict(connection.execute(MONTHS).fetchall())
    found: dict[int, BreachedPerson] = {}
    unknown = sum(len(people) for month, people in by_month.items() if keys.get(month) is None)
    for first_day, people in by_month.items():
        if (key := keys.get(first_day)) is not None:
            unknown += len(people) - _name_people(connection, LedgerMonth(first_day, bytes(key)), people, found)
    destroyed = tuple(month for month in by_month if keys.get(month) is None)
    named = tuple(sorted(found.values(), key=lambda person: (-person.read.reads, person.number)))
    return Breach(principal, since, until, reads, named, unknown, destroyed)


def _name_people(
    connection: Connection[Any], month: LedgerMonth, people: Mapping[str, ReadPerson], found: dict[int, BreachedPerson]
) -> int:
    """Add whom the pseudonyms of a month mean to `found`. Returns how many of them are known."""
    entity, named = find_person_entity(load_registry()).name, 0
    for number, identifier, name in _list_people(connection):
        read = people.get(month.pseudonym(entity, number).hex())
        if read is None:
            continue
        named += 1
        if number in found:
            found[number].read.merge(read)
        else:
            found[number] = BreachedPerson(entity, number, identifier or "", name or "", read)
    return named


def _add_record(people: dict[str, ReadPerson], at: datetime, record: bytes, paths: bytes | None) -> int:
    """Count one record for everybody in it. Returns 1 if somebody's data was read, otherwise 0."""
    try:
        body = orjson.loads(record[HEADER_BYTES:])
        fields = orjson.loads(paths) if paths else []
    except ValueError:
        return 0  # edited: `hub ledger verify` says so
    subjects = {role: people for role, people in (body.get("subjects") or {}).items() if role != REFUSED_ROLE}
    if body.get("outcome") != "ANSWERED" or not subjects:
        return 0
    for role, pseudonyms in subjects.items():
        labels = find_categories(fields, own=role != INCIDENTAL_ROLE)
        what = dict.fromkeys(label.vi for label in labels)
        for pseudonym in pseudonyms:
            people.setdefault(pseudonym, ReadPerson()).add(at, what, body.get("dossier"))
    return 1


def _read_rows(
    connection: Connection[Any], principal: str, since: datetime, until: datetime
) -> Iterator[tuple[Any, ...]]:
    with connection.transaction(), connection.cursor(name="breach") as cursor:
        cursor.itersize = BATCH_ROWS
        yield from cursor.execute(READS, {"principal": principal, "since": since, "until": until})


def _list_people(connection: Connection[Any]) -> Iterator[tuple[int, str | None, str | None]]:
    """Number, identifier and name of every person."""
    entity = find_person_entity(load_registry())
    name = next((column.name for column in entity.fields if column.value.name_search), entity.keys[0].name)
    columns = ", ".join(quote_identifier(column) for column in (entity.keys[0].name, name))
    with connection.transaction(), connection.cursor(name="people") as cursor:
        cursor.itersize = BATCH_ROWS
        yield from cursor.execute(f"select id, {columns} from data.{quote_identifier(entity.table)} order by id")  # noqa: S608 quoted identifiers
