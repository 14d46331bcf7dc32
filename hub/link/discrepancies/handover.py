"""Discrepancies as persons and sectors see them: lists and counts without values, and the export to the sector that corrects them.

A list has no personal data: a source's key is left out of it too, since it may be made of an identifier. The export
has both values and the key, since the sector finds and corrects its row by them.

An authority may have the worse spelling: `NGUYEN THI HOA` in the register, `Nguyễn Thị Hoà` in a copy. Nobody is told to take
marks off: such a row goes to the sector of the authority, and one of which neither spelling has all marks of the other to nobody.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TextIO

from psycopg import Connection
from psycopg.rows import class_row

from hub.errors import OperationRefused
from hub.link.discrepancies.comparisons import KINDS
from hub.model.authorities import find_copies
from hub.model.registry import load_registry
from schema.linking.declarations import SHAPES, TONES, written

STROKE = "\u0335"
"""The stroke of đ, which Unicode does not take apart from its d."""


def better_written(recorded: str, held: str) -> str:
    """Which of two spellings of a name has all marks of the other, as SQL: RECORDED, HELD, or NEITHER. Both, if they have the same.

    Taken apart, a name is a row of letters and marks. If the letters are the same, one has all marks of the other, each on its
    letter, where the other's row is within its own.
    """
    parts = {name: _taken_apart(value) for name, value in (("r", recorded), ("h", held))}
    plain = [f"regexp_replace({part}, '[{TONES}{SHAPES}{STROKE}]', '', 'g')" for part in parts.values()]
    within = "{} like regexp_replace({}, '(.)', '%%\\1', 'g') || '%%'"
    return (
        f"case when {plain[0]} <> {plain[1]} then 'NEITHER' when {within.format(parts['h'], parts['r'])} then 'HELD'"
        f" when {within.format(parts['r'], parts['h'])} then 'RECORDED' else 'NEITHER' end"
    )


def _taken_apart(name: str) -> str:
    """A name as letters and marks, without what means something to LIKE."""
    return f"replace(translate({written(name)}, '%%_\\', ''), 'đ', 'd{STROKE}')"


BETTER = f"case d.kind when 'SPELLING' then {better_written('d.recorded', 'd.held')} end"
ROWS = "from link.discrepancy d join hub.stream s on s.id = d.stream_id"
FACTS = (
    "d.id, d.sector, s.connector, s.name as stream, d.record_entity as entity, d.record_field as field, d.subject_kind,"
    " d.subject_field, d.kind, d.sys_from as since, d.sys_to as until"
)
CHOSEN = (
    "where (%(every)s or d.sys_to is null) and d.sector = coalesce(%(sector)s::text, d.sector)"
    " and d.record_entity = coalesce(%(entity)s::text, d.record_entity)"
    " and d.record_field = coalesce(%(field)s::text, d.record_field) and d.kind = coalesce(%(kind)s::text, d.kind)"
    " and d.sys_from >= coalesce(%(since)s::timestamptz, '-infinity')"
)
NOT_WITHHELD = """not exists (
    select from hub.sealed_subject z where z.entity = d.subject_kind and (
        z.subject_id = d.subject_id or z.subject_id in (select h.subject_id from link.heir h where h.heir_id = d.subject_id)))"""
"""Not of a sealed identity, nor of a person whose processing is restricted: their values are handed to nobody."""
BATCH = 5_000


@dataclass(frozen=True)
class Which:
    """Which discrepancies: of a sector, kind of record, column, grade; seen since a day; the open ones, or every one.

    Raises OperationRefused if a word of it is none that can be.
    """

    sector: str | None = None
    entity: str | None = None
    field: str | None = None
    kind: str | None = None
    since: date | None = None
    every: bool = False

    def __post_init__(self) -> None:
        known = load_registry()
        _known("sector", self.sector, [entity.sector for entity in known])
        _known("entity", self.entity, [entity.name for entity in known])
        of = [entity for entity in known if self.entity in (None, entity.name)]
        _known("field", self.field, sorted({column.name for entity in of for column in entity.columns}))
        _known("kind", self.kind, KINDS)

    def values(self) -> dict[str, object]:
        """As CHOSEN binds them."""
        return dict(vars(self))


@dataclass(frozen=True)
class Discrepancy:
    """One discrepancy, without its values."""

    id: int
    sector: str
    connector: str | None
    stream: str | None
    entity: str
    field: str
    subject_kind: str
    subject_field: str
    kind: str
    since: datetime
    until: datetime | None
    better: str | None
    """Of a spelling: RECORDED, HELD or NEITHER, whichever has all marks of the other. None of what differs."""


@dataclass(frozen=True)
class Handed(Discrepancy):
    """One discrepancy with both values, which are personal data, and what is to be mended: sector, stream, and key of the row there.

    If the recorded name is the better one, that is the authority's row; its key is None if the row is gone.
    """

    subject_id: int
    source_key: str | None
    recorded: str
    held: str


@dataclass(frozen=True)
class Number:
    """How many open discrepancies of one kind a column of a stream has, and since when."""

    sector: str
    connector: str
    stream: str
    entity: str
    field: str
    subject_kind: str
    subject_field: str
    kind: str
    rows: int
    oldest: datetime


def list_discrepancies(connection: Connection[Any], which: Which, limit: int) -> list[Discrepancy]:
    """The newest `limit` discrepancies."""
    with connection.cursor(row_factory=class_row(Discrepancy)) as cursor:
        return cursor.execute(
            f"select {FACTS}, {BETTER} as better {ROWS} {CHOSEN} order by d.id desc limit %(limit)s",
            {**which.values(), "limit": limit},
        ).fetchall()


def count_discrepancies(connection: Connection[Any], which: Which) -> list[Number]:
    """Discrepancies by sector, stream, kind of record, column and grade, the most first."""
    with connection.cursor(row_factory=class_row(Number)) as cursor:
        return cursor.execute(
            "select d.sector, s.connector, s.name as stream, d.record_entity as entity, d.record_field as field,"
            f" d.subject_kind, d.subject_field, d.kind, count(*) as rows, min(d.sys_from) as oldest {ROWS} {CHOSEN}"
            " group by 1, 2, 3, 4, 5, 6, 7, 8 order by rows desc, 1, 2, 3, 4, 5, 6, 7, 8",
            which.values(),
        ).fetchall()


def read_discrepancies(connection: Connection[Any], which: Which) -> Iterator[Handed]:
    """Discrepancies with their values, by the sector that mends, stream and key of the row; read in batches, however many there are.

    The sector of `which` is the one that mends. Spellings of which neither is the better are left out: nobody has to mend one. So is
    everybody who is sealed or restricted.
    """
    with connection.transaction(), connection.cursor("handed", row_factory=class_row(Handed)) as cursor:
        cursor.itersize = BATCH
        cursor.execute(_handed_sql(), which.values())
        yield from cursor


def _handed_sql() -> str:
    kinds = {copy.kind for entity in load_registry() for copy in find_copies(load_registry(), entity)}
    sectors = " ".join(f"when '{kind}' then '{load_registry()[kind].sector}'" for kind in sorted(kinds))
    # The row of the authority, only if it is the one to mend.
    rows = " union all ".join(
        f"select a.source_key, a.stream_id from data.{load_registry()[kind].table} a"
        f" where d.subject_kind = '{kind}' and a.id = d.found_id"
        for kind in sorted(kinds)
    )
    return (
        "select d.id, m.sector, s.connector, s.name as stream, d.record_entity as entity, d.record_field as field,"
        " d.subject_kind, d.subject_id, d.subject_field, d.kind, d.sys_from as since, d.sys_to as until, b.better, m.source_key, d.recorded,"
        f" d.held from link.discrepancy d cross join lateral (select {BETTER} as better) b"
        f" left join lateral ({rows}) a on b.better = 'RECORDED'"
        " cross join lateral (select case b.better when 'RECORDED' then case d.subject_kind"
        f" {sectors} end when 'NEITHER' then null else d.sector end as sector,"
        " case b.better when 'RECORDED' then a.source_key else d.source_key end as source_key,"
        " case b.better when 'RECORDED' then a.stream_id else d.stream_id end as stream_id) m"
        f" left join hub.stream s on s.id = m.stream_id {CHOSEN.replace('d.sector', 'm.sector')} and m.sector is not null"
        f" and {NOT_WITHHELD}"
        " order by m.sector, s.connector, s.name, m.source_key, d.record_field, d.subject_field, d.id"
    )


COLUMNS = (
    "id", "connector", "stream", "source_key", "entity", "field", "recorded", "held", "subject_kind", "subject_field",
    "kind", "better", "since", "until",
)  # fmt: skip


def write_discrepancies(rows: Sequence[Handed] | Iterator[Handed], out: TextIO) -> int:
    """Write discrepancies as CSV (RFC 4180). Returns how many."""
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    count = 0
    for row in rows:
        writer.writerow([_cell(getattr(row, column)) for column in COLUMNS])
        count += 1
    return count


def _cell(value: object) -> str:
    """A value as text. What a spreadsheet would run as a formula is set apart by an apostrophe."""
    if value is None:
        return ""
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t") else text


def _known(what: str, given: str | None, known: Sequence[str]) -> None:
    if given is not None and given not in known:
        raise OperationRefused(
            f"there is no {what} {given}", next_step=f"use one of: {', '.join(dict.fromkeys(known))}"
        )
