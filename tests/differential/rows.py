"""A small world of interesting rows, written straight into the store: drawn with a fixed seed, column by column.

Its values repeat (so that orders have ties), are null, differ in tone marks and case only, and name rows that are not
there. Rows and links come, change and go at the instants of `INSTANTS`; what held before stands in history.
"""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import psycopg

from hub.ingest.transform.search_keys import fold_names
from hub.model.registry import Column, Entity, Linked, Registry, load_registry
from hub.store.engine import make_engine
from hub.store.migrate import migrate_store
from schema import values
from schema.values import CodeList, Value

INSTANTS = tuple(
    datetime.fromisoformat(text)
    for text in (
        "2025-03-01T00:00:00+00:00",
        "2025-04-01T12:30:00.5+00:00",
        "2025-05-01T06:00:00.123456+00:00",
        "2025-07-01T00:00:00+00:00",
    )
)
"""When the world changed. It was empty before the first."""

UNITS = (
    "22@..",
    "22@2025-07-01",
    "196@..",
    "193@..",
    "06820@..",
    "06820@2025-07-01",
    "06652@..",
    "06658@..",
    "06661@..",
)
NO_UNIT = "01@.."
"""A real code, of which the world has no row."""

AMOUNTS = ("0", "1", "-500", "1250000", "1250000", "999999999999999")
DAYS = ("1999-12-31", "2020-02-29", "2024-01-01", "2024-01-01", "2025-07-01")
TEXTS = ("Tổ 5, khu 3", "Tổ 5, khu 3", 'O\'Brien "x" \\ {t} {0} %s $1', "Phở 🍜", "-")
NAMES = (
    "Nguyễn Thị Hoà", "Nguyễn Thị Hòa", "NGUYỄN THỊ HOÀ", "Đỗ Văn Đạt", "đỗ văn đạt", "Do Van Dat",
    "Lê Văn An", "Lê Văn Ân", "Lê Văn Ấn", "Lê Thị Ước", "Trần Bé", "Søren Łukasz", "SØREN ŁUKASZ",
    # The same words in another place, and fewer of them: a search ranks these.
    "Văn An", "An Lê Văn", "Đạt Đỗ Văn",
)  # fmt: skip
POOLS: Mapping[type[Value], Sequence[str]] = {
    values.PersonName: NAMES,
    values.OrganisationName: (
        "Hạ Long",
        "HẠ LONG",
        "Ha Long 2",
        "Đông Triều",
        "đông triều",
        TEXTS[2],
        "Phường Đông Mai",
    ),
    values.PartialDate: ("1954", "1954-03-12", "1954-03-12", "1980-01-01", "2001-12-31"),
    values.AdministrativeUnitCode: (*UNITS, NO_UNIT),
    values.Day: DAYS,
    values.Vnd: AMOUNTS,
    values.Area: ("120.5", "120.50", "120.5", "0", "0.01", "99999.99"),
    values.SquareKilometres: ("93.77", "1.000001", "6178"),
    values.Count: ("1", "2", "2", "3", "2024", "2025"),
    values.Share: ("1/1", "1/2", "1/2", "2/3"),
    values.Text: TEXTS,
    values.Address: TEXTS,
    values.Verbatim: (*TEXTS, *NAMES[:4], "Ðỗ Văn Đạt", "Tra\u0302\u0300n", "022085000001"),
    values.LocalCode: ("HK22-1", "HK22-2", "HK22-2", "A/B_1.-"),
    values.TaxCode: ("0100233488", "0100233488001", "022085000001", "022085000001"),
    values.FormerId: ("100234567", "100234567", "200000001"),
    values.PersonalId: ("022085000000", "022085000001", "022085000001", "022085000099"),
}
"""What columns draw from; code lists draw from their codes, other types from their examples."""

COUNTS = {"Citizen": 34, "AdministrativeUnit": len(UNITS), "Household": 9, "Parcel": 14}
FEW = 16
KEYS: Mapping[str, str] = {
    "PersonalId": "0220850000{:02}",
    "RegistrationNumber": "22A80000{:02}",
    "ParcelNumber": "06820@..:1{}:345",
    "ParcelIdentifier": "w7er4n8p2q{:02}",
    "LocalCode": "K-{}",
    "HealthCardNumber": "TE12222141234{:02}",
}
ENTERPRISE_CODES = tuple(
    code for code in (f"0100233{n:03}" for n in range(400, 900)) if values.EnterpriseCode.check_digit.holds(code)
)  # fmt: skip
COMPARED = ("name", "birthYear", "formerId", "place")
OUTCOMES = ("agrees", "differs", "missing", "close")
STREAMS = (("population", "people"), ("population", "units"), ("land", "parcels"), ("tax", "files"))


@dataclass(frozen=True)
class Held:
    """Values from one instant until another (None: still)."""

    values: Mapping[str, Any]
    since: datetime
    until: datetime | None


def fill(url: str) -> None:
    """Make the store's tables in an empty database and write the world into them."""
    made = make_engine(url)
    migrate_store(made)
    made.dispose()
    with psycopg.connect(url) as connection:
        connection.execute("set timezone to 'UTC'")
        _Writer(connection, load_registry(), random.Random(22)).write()


class _Writer:
    def __init__(self, connection: psycopg.Connection[Any], known: Registry, draw: random.Random) -> None:
        self.connection, self.registry, self.random = connection, known, draw
        self.next_id = 1
        self.ids: dict[str, list[int]] = {}
        self.merges: dict[int, list[Held]] = {}

    def write(self) -> None:
        self._streams()
        for entity in self.registry:
            self.ids[entity.name] = []
            for number in range(COUNTS.get(entity.name, FEW)):
                self._row(entity, number)
        for entity in self.registry:
            if entity.duplicates:
                self._merges(entity)
        for entity in self.registry:
            for linked in entity.linked:
                self._links(linked)
        self._discrepancies()

    def _insert(self, table: str, row: Mapping[str, Any], rest: str = "") -> None:
        marks = ", ".join(["%s"] * len(row))
        self.connection.execute(f"insert into {table} ({', '.join(row)}) {rest} values ({marks})", list(row.values()))

    def _streams(self) -> None:
        given = "overriding system value"
        for number, (connector, name) in enumerate(STREAMS, 1):
            as_of = None if number == 3 else INSTANTS[-1] + timedelta(hours=number)
            row = {"id": number, "connector": connector, "name": name, "as_of": as_of}
            self._insert("hub.stream", row, given)
        runs = [(at, connector) for at in INSTANTS for connector in dict(STREAMS)]
        for number, (at, connector) in enumerate(runs, 1):
            status = "FAILED" if number % 4 == 0 else "SUCCEEDED"
            row = {"id": number, "connector": connector, "connector_version": f"1.{number}", "status": status}
            self._insert("hub.run", {**row, "started_at": at + timedelta(minutes=number)}, given)

    # --- Rows ---------------------------------------------------------------------------------------------------------

    def _row(self, entity: Entity, number: int) -> None:
        """One row with its versions; where it is deleted, perhaps another row with the same keys after it."""
        start = self.random.choice((0, 0, 0, 0, 1, 2))
        while start < len(INSTANTS):
            end = self.random.randrange(start + 1, len(INSTANTS)) if start < 3 and self._now_and_then(0.15) else None
            self._versions(entity, number, start, end)
            if end is None or self._now_and_then(0.5):
                return
            start = end

    def _versions(self, entity: Entity, number: int, start: int, end: int | None) -> None:
        row_id = self.next_id
        self.next_id += self.random.choice((1, 1, 7))
        self.ids[entity.name].append(row_id)
        stream = self.random.randrange(len(STREAMS)) + 1
        starts = [i for i in range(start, end or len(INSTANTS)) if i == start or self._now_and_then(0.25)]
        for index, until in zip(starts, [*starts[1:], end], strict=True):
            provenance = {
                "stream_id": stream,
                "source_key": f"{entity.name}:{number}",
                "run_id": 1 + 3 * index + self.random.randrange(3),
                "row_digest": 0,
                "first_seen": INSTANTS[start],
                "changed_at_source": self.random.choice((None, INSTANTS[index] - timedelta(days=1, milliseconds=40))),
            }
            drawn = {"id": row_id, **self._values(entity, number), **provenance}
            self._hold(entity, Held(drawn, INSTANTS[index], None if until is None else INSTANTS[until]))

    def _hold(self, entity: Entity, held: Held) -> None:
        row = {**held.values, "sys_from": held.since}
        table = f"data.{entity.table}" if held.until is None else f"history.{entity.table}"
        for column in entity.columns:
            if column.search_key:
                row[column.search_key] = fold_names(pl.Series([row[column.name]], dtype=pl.String)).item()
        self._insert(table, row if held.until is None else {**row, "sys_to": held.until})

    def _values(self, entity: Entity, number: int) -> dict[str, Any]:
        targets = {ref.column.name: ref for ref in entity.references}
        found: dict[str, Any] = {}
        for column in entity.columns:
            if column.nullable and self._now_and_then(0.25):
                found[column.name] = None
            elif column.unique:
                found[column.name] = key(column, number)
            elif column.name in targets:
                reference = targets[column.name]
                known = self.registry[reference.target].column(reference.target_column)
                found[column.name] = key(known, self.random.randrange(COUNTS.get(reference.target, FEW) + 1))
            else:
                found[column.name] = self.random.choice(pool(column.value))
        return found

    # --- Links --------------------------------------------------------------------------------------------------------

    def _links(self, linked: Linked) -> None:
        subjects = {kind: self.ids[kind] for kind in linked.kinds}
        for record in self.ids[linked.owner]:
            for held in self._states(subjects):
                for whole in self._with_heirs(held):
                    self._held(linked.table, {"record_id": record}, whole)

    def _held(self, table: str, key: Mapping[str, Any], held: Held) -> None:
        row = {**key, **held.values, "sys_from": held.since}
        if held.until is None:
            self._insert(f"link.{table}", row)
        else:
            self._insert(f"link_history.{table}", {**row, "sys_to": held.until})

    def _merges(self, entity: Entity) -> None:
        """Rows that are merged into one of two others: for good, for a while, into one after the other."""
        first, second, *rest = self.random.sample(self.ids[entity.name], 14)
        for number, row in enumerate(rest):
            since = self.random.randrange(len(INSTANTS))
            until = self.random.choice((None, None, *range(since + 1, len(INSTANTS))))
            entries = [(first if number % 3 else second, since, until)]
            if until is not None and self._now_and_then(0.5):
                entries.append((second if number % 3 else first, until, None))
            for heir, start, end in entries:
                values = {"heir_id": heir, "subject_kind": entity.name}
                held = Held(values, INSTANTS[start], None if end is None else INSTANTS[end])
                self.merges.setdefault(row, []).append(held)
                self._held("heir", {"subject_id": row}, held)

    def _with_heirs(self, held: Held) -> Iterator[Held]:
        """A link, parted where the row that was found was merged or was itself again: it leads to the heir of that time."""
        found = held.values["found_id"]
        ends = [at for at in (*INSTANTS, None) if (at is None or at > held.since) and _before(at, held.until)]
        since = held.since
        for at in ends:
            merge = next(
                (m for m in self.merges.get(found, ()) if m.since <= since and _before(since, m.until, same=False)),
                None,
            )
            yield Held({**held.values, "subject_id": merge.values["heir_id"] if merge else found}, since, at)
            if at is None:
                return
            since = at

    def _discrepancies(self) -> None:
        """Copies that differ: of rows that are there, were merged, or are gone, some of them resolved."""
        open_ones: set[tuple[Any, ...]] = set()
        for _ in range(150):
            kind = self.random.choice(self.registry.copied)
            copy = self.registry[self.random.choice(self.registry.copying)]
            since = self.random.randrange(len(INSTANTS))
            until = self.random.choice((None, None, *range(since + 1, len(INSTANTS))))
            field, at, column = (
                self.random.choice(self.registry[kind].fields).name,
                self.random.choice((*self.ids[copy.name], 999_999)),
                self.random.choice(copy.columns).name,
            )
            if until is None:
                if (at, column, field) in open_ones:
                    continue
                open_ones.add((at, column, field))
            row = {
                "subject_kind": kind,
                "subject_id": 0,  # whose heir it was when it was found, which the graph does not ask
                "found_id": self.random.choice((*self.ids[kind][:8], *self.merges, 999_999))
                if kind == "Citizen"
                else self.random.choice(self.ids[kind][:6]),
                "subject_field": field,
                "held": self.random.choice(TEXTS),
                "record_entity": copy.name,
                "record_id": at,
                "field": f"{copy.name}.{copy.linked[0].name}",
                "source_key": "-",
                "record_field": column,
                "recorded": self.random.choice(NAMES),
                "kind": self.random.choice(("SPELLING", "DIFFERS")),
                "sector": copy.sector,
                "stream_id": self.random.randrange(len(STREAMS)) + 1,
                "sys_from": INSTANTS[since],
                "sys_to": None if until is None else INSTANTS[until],
            }
            self._insert("link.discrepancy", row)

    def _chosen(self, subjects: Mapping[str, Sequence[int]], count: int) -> Sequence[tuple[str, int]]:
        """So many subjects. Few subjects get most links, so that back links have several rows."""
        found: dict[int, str] = {}
        while len(found) < count:
            kind = self.random.choice(list(subjects))
            most = len(subjects[kind]) if self._now_and_then(0.3) else 6
            found[self.random.choice(subjects[kind][:most])] = kind
        return [(kind, number) for number, kind in found.items()]

    def _states(self, subjects: Mapping[str, Sequence[int]]) -> Iterator[Held]:
        """The links of one record: decided once, and perhaps once or twice more."""
        starts = [i for i in range(len(INSTANTS)) if i == 0 or self._now_and_then(0.25)]
        for index, until in zip(starts, [*starts[1:], None], strict=True):
            statuses: list[str] = self.random.choice(
                ([], ["CONFIRMED"], ["PROBABLE"], ["UNCONFIRMED", "CONFIRMED"], ["CONFIRMED"], ["UNCONFIRMED"] * 2)
            )
            chosen = self._chosen(subjects, len(statuses))
            for status, (kind, number) in zip(statuses, chosen, strict=True):
                link = {
                    "found_id": number,
                    "subject_kind": kind,
                    "status": status,
                    "method": self.random.choice(("rule:identifier", "rule:name")),
                    "confidence": self.random.choice((None, 0.5, 0.91, 1)),
                    "weight": self.random.choice((None, 12.5, -3.25, 0.1)),
                    "evidence": self._evidence(),
                    "decided_by": self.random.choice(("run:1", "run:2", "Lê Thị Ước")),
                    "decided_at": INSTANTS[index] + timedelta(seconds=1),
                }
                yield Held(link, INSTANTS[index], None if until is None else INSTANTS[until])

    def _evidence(self) -> str | None:
        """What was compared: nothing kept, an empty list, JSON's null, or some comparisons."""
        if self._now_and_then(0.3):
            return self.random.choice((None, "[]", "null"))
        chosen = self.random.sample(COMPARED, self.random.randrange(1, len(COMPARED)))
        bits = (None, 4.5, -0.25, 0.1)
        return json.dumps(
            [
                {"comparison": c, "outcome": self.random.choice(OUTCOMES), "bits": self.random.choice(bits)}
                for c in chosen
            ]
        )

    def _now_and_then(self, share: float) -> bool:
        return self.random.random() < share


def _before(one: datetime | None, other: datetime | None, *, same: bool = True) -> bool:
    """Whether an instant comes before another, or (`same`) is it; None is after all others."""
    if other is None:
        return True
    return one is not None and (one <= other if same else one < other)


def pool(value: type[Value]) -> Sequence[str]:
    """The values that a column of this type draws from."""
    return tuple(value.codes) if issubclass(value, CodeList) else POOLS.get(value, value.examples)


def key(column: Column, number: int) -> str:
    """The key of the row of this number; one number beyond the last names a row that is not there."""
    if column.value is values.AdministrativeUnitCode:
        return (*UNITS, NO_UNIT)[number]
    if column.value is values.EnterpriseCode:
        return ENTERPRISE_CODES[number % len(ENTERPRISE_CODES)]
    return KEYS[column.value.__name__].format(number)
