"""Groups of rejected rows: those of one stream that break one rule in one field, and one correction for all of them.

A correction is previewed by the code that reads every other row (mapped and checked, not stored). Only rows that it would make
acceptable get one; a worker then replays them.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import class_row

from hub.access.subjects.named_people import find_people_by_row
from hub.access.subjects.sealing import find_withheld
from hub.errors import OperationRefused
from hub.ingest.quarantine.entries import FROM_QUARANTINE, RECORD_ANSWER, show_key
from hub.ingest.quarantine.rejections import DUPLICATE_RULES, build_frame
from hub.ingest.quarantine.value_edits import ValueEdit
from hub.ingest.transform.map import ROW_NUMBER
from hub.ingest.transform.prepare import BatchPreparer
from hub.model.names import quote_identifier
from hub.model.registry import load_registry
from hub.sdk.manifest import Manifest
from schema.values import Mask

MAX_FIXED_ROWS = 1_000
"""Rows that one correction may be for; a problem of more is one of the mapping, which a manifest mends."""
MAX_SAMPLES = 20
OPEN_STATE = "q.resolved_at is null"
DISMISSED_STATE = "q.resolution = 'DISMISSED'"
IN_GROUP = (
    " and s.connector = %(connector)s and s.name = %(stream)s and q.entity = %(entity)s"
    " and q.rule = %(rule)s and q.field is not distinct from %(field)s::text"
)
LIST_ROWS = f"""
select q.id as number, q.stream_id, q.source_key, q.reason, q.first_seen, q.payload, c.changes, c.made_by
{FROM_QUARANTINE}
left join hub.correction c on (c.stream_id, c.entity, c.payload_hash) = (q.stream_id, q.entity, q.payload_hash)
where {{state}}{IN_GROUP} and q.id > %(after)s
order by q.id
limit %(limit)s"""
COUNT_ROWS = f"select count(*) {FROM_QUARANTINE} where {{state}}{IN_GROUP}"
MASK_STRENGTH = (Mask.NONE, Mask.YEAR, Mask.INITIALS, Mask.LAST_DIGITS, Mask.HIDDEN)


@dataclass(frozen=True)
class RuleGroup:
    """Open rows of one entity in one stream that break one rule in one field; `field` is None for rules of a whole row."""

    connector: str
    stream: str
    entity: str
    rule: str
    field: str | None


@dataclass(frozen=True)
class OpenRow:
    """One row of a group, with its values, which are personal data."""

    number: int
    stream_id: int
    source_key: str | None
    reason: str
    first_seen: datetime
    payload: dict[str, Any]
    changes: dict[str, str | None] | None
    made_by: str | None


@dataclass(frozen=True)
class ShownCell:
    """A value of a row as it may be shown. `is_broken`: the field whose rule is broken reads it."""

    column: str
    value: str | None
    is_masked: bool
    is_broken: bool


@dataclass(frozen=True)
class ShownRow:
    """A row as a steward may see it. Without cells, if it is of somebody whose data nobody may see.

    `people` are those whom it is about or names, as entity and number; nobody, if it has no cells.
    """

    number: int
    key: str
    reason: str
    first_seen: datetime
    cells: tuple[ShownCell, ...]
    is_withheld: bool
    people: frozenset[tuple[str, int]] = frozenset()


@dataclass(frozen=True)
class FixedRow:
    """What an edit makes of one row: the value before and after, and how the hub would read it, or why it is still rejected."""

    number: int
    before: str | None
    after: str | None
    read: str | None
    reason: str | None
    people: frozenset[tuple[str, int]] = frozenset()
    """Whom the row is about or names."""


@dataclass(frozen=True)
class FixPreview:
    """What an edit would do: `rows` of the group, how many it changes, and how many of those would be accepted."""

    column: str
    rows: int
    changed: int
    accepted: tuple[FixedRow, ...]
    rejected: tuple[FixedRow, ...]


def count_group(connection: Connection[Any], group: RuleGroup, *, dismissed: bool = False) -> int:
    """How many open rows the group has, or how many that a person dismissed."""
    row = connection.execute(_of_state(COUNT_ROWS, dismissed=dismissed), vars(group)).fetchone()
    return int(row[0]) if row else 0


def list_shown_rows(
    connection: Connection[Any],
    manifests: Mapping[str, Manifest],
    group: RuleGroup,
    *,
    limit: int,
    after: int = 0,
    masked: bool = False,
    dismissed: bool = False,
) -> list[ShownRow]:
    """Open rows of a group, or those that a person dismissed, the oldest first. Values of the broken field are shown, with `masked` not even those; others are masked as their
    fields are.
    """
    masks = find_column_masks(manifests, group)
    broken = () if masked else find_columns(manifests, group)
    rows = _load_rows(connection, group, limit, after, dismissed=dismissed)
    people = _find_people(connection, group, rows)
    withheld = _find_withheld_rows(connection, people)
    return [
        ShownRow(
            row.number,
            show_key(manifests[group.connector], group.stream, group.entity, row.source_key),
            row.reason,
            row.first_seen,
            () if row.number in withheld else _show_cells(row, masks, broken),
            row.number in withheld,
            frozenset() if row.number in withheld else people[row.number],
        )
        for row in rows
    ]


def find_columns(manifests: Mapping[str, Manifest], group: RuleGroup) -> tuple[str, ...]:
    """The source columns that the broken field reads; none for rules of a whole row. Raises OperationRefused for an unknown group."""
    stream = _find_stream(manifests, group)
    mapping = stream.emits[group.entity].fields.get(group.field or "")
    return tuple(dict.fromkeys(stream.list_columns_of(mapping))) if mapping else ()


def find_column_masks(manifests: Mapping[str, Manifest], group: RuleGroup) -> dict[str, Mask]:
    """The columns that fields read, in the order of the manifest, each with the strictest mask of those fields."""
    stream = _find_stream(manifests, group)
    found: dict[str, Mask] = {}
    for name, mapping in stream.emits[group.entity].fields.items():
        declared = load_registry()[group.entity].column(name).value.mask
        mask = declared if declared.is_personal else Mask.NONE
        for column in stream.list_columns_of(mapping):
            found[column] = max(found.get(column, Mask.NONE), mask, key=MASK_STRENGTH.index)
    return found


def mask_text(mask: Mask, text: str) -> str:
    """What stands for a value, as `hub.plan.masks` says it in SQL."""
    if mask is Mask.INITIALS:
        return " ".join(f"{word[0]}." for word in text.split())
    if mask is Mask.LAST_DIGITS:
        return "•" * max(len(text) - 3, 0) + text[-3:]
    if mask is Mask.YEAR:  # as the source writes a day, its year may stand at either end
        return next((part for part in text.replace("/", "-").replace(".", "-").split("-") if len(part) == 4), "•••")
    return text if mask is Mask.NONE else "•••"


def preview_fix(
    connection: Connection[Any], manifests: Mapping[str, Manifest], group: RuleGroup, column: str, edit: ValueEdit
) -> FixPreview:
    """What the edit would make of the group's rows. Nothing is written. Raises OperationRefused."""
    if group.rule in DUPLICATE_RULES or column not in find_columns(manifests, group):
        raise OperationRefused(
            f"rows of this group cannot be corrected in column {column[:60]}",
            code="EDIT_INVALID",
            next_step="correct a column that the broken field reads; rows that share a key are corrected at the source",
        )
    rows = _load_rows(connection, group, MAX_FIXED_ROWS + 1, 0)
    if len(rows) > MAX_FIXED_ROWS:
        raise OperationRefused(
            f"the group has more than {MAX_FIXED_ROWS:,} rows: that is a problem of the mapping",
            code="TOO_MANY_ROWS",
            next_step="correct the manifest or add a patch to it, and replay",
        )
    people = _find_people(connection, group, rows)
    withheld = _find_withheld_rows(connection, people)
    changed = [
        (row, before, after)
        for row in rows
        if row.number not in withheld
        for before in (_read_text(row, column),)
        for after in (edit.apply(before),)
        if after != before
    ]
    if not changed:
        return FixPreview(column, len(rows), 0, (), ())
    edited = [{**row.payload, **(row.changes or {}), column: after} for row, _, after in changed]
    entity = load_registry()[group.entity]
    part = BatchPreparer(manifests[group.connector], group.stream, {}).prepare_rejected(entity, build_frame(edited))
    reasons: dict[int, str] = dict(part.rejected.select("row", "reason").iter_rows())
    field = group.field or entity.keys[0].name
    values: dict[int, str | None] = dict(part.accepted.select(ROW_NUMBER, field).iter_rows())
    accepted: list[FixedRow] = []
    rejected: list[FixedRow] = []
    for at, (row, before, after) in enumerate(changed):
        done = FixedRow(row.number, before, after, values.get(at), reasons.get(at), people[row.number])
        (accepted if at not in reasons else rejected).append(done)
    return FixPreview(column, len(rows), len(changed), tuple(accepted), tuple(rejected))


def record_fix(connection: Connection[Any], fix: FixPreview, *, expected: int, note: str, by: str) -> list[int]:
    """Keep the correction of each row that it makes acceptable. Returns their numbers, to be replayed.

    `expected` is how many the person was shown. Raises OperationRefused with PREVIEW_CHANGED if there are others now.
    """
    if len(fix.accepted) != expected or not fix.accepted:
        raise OperationRefused(
            f"the correction would be accepted for {len(fix.accepted):,} rows now, and not for {expected:,}",
            code="PREVIEW_CHANGED",
            next_step="look at the preview again",
        )
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            RECORD_ANSWER,
            [(json.dumps({fix.column: row.after}), note, by, row.number) for row in fix.accepted],
        )
    return [row.number for row in fix.accepted]


def _find_stream(manifests: Mapping[str, Manifest], group: RuleGroup) -> Any:
    manifest = manifests.get(group.connector)
    stream = manifest.streams.get(group.stream) if manifest else None
    if stream is None or group.entity not in stream.emits:
        raise OperationRefused(
            "no manifest has this stream and kind of record",
            code="GROUP_UNKNOWN",
            next_step="take the group from the list; rows of a stream that is gone are dismissed",
        )
    return stream


def _of_state(statement: str, *, dismissed: bool) -> sql.Composed:
    """A statement over a group, for its open rows or those that were dismissed."""
    return sql.SQL(statement).format(state=sql.SQL(DISMISSED_STATE if dismissed else OPEN_STATE))


def _load_rows(
    connection: Connection[Any], group: RuleGroup, limit: int, after: int, *, dismissed: bool = False
) -> list[OpenRow]:
    with connection.cursor(row_factory=class_row(OpenRow)) as cursor:
        return cursor.execute(
            _of_state(LIST_ROWS, dismissed=dismissed), {**vars(group), "limit": limit, "after": after}
        ).fetchall()


def _find_withheld_rows(connection: Connection[Any], people: Mapping[int, frozenset[tuple[str, int]]]) -> set[int]:
    """Numbers of rows that are about or name somebody who is sealed or restricted."""
    if not find_withheld(connection, frozenset().union(*people.values())):
        return set()
    return {number for number, found in people.items() if find_withheld(connection, found)}


def _find_people(
    connection: Connection[Any], group: RuleGroup, rows: Sequence[OpenRow]
) -> dict[int, frozenset[tuple[str, int]]]:
    """By number of the row, whom it is about: whoever it names by an identifier, and those of its stored version."""
    named = find_people_by_row(connection, {row.number: [row.source_key, row.payload, row.changes] for row in rows})
    stored = _find_stored_people(connection, group, rows)
    return {row.number: named[row.number] | stored.get(row.number, frozenset()) for row in rows}


def _find_stored_people(
    connection: Connection[Any], group: RuleGroup, rows: Sequence[OpenRow]
) -> dict[int, frozenset[tuple[str, int]]]:
    entity = load_registry()[group.entity]
    numbers: dict[str, set[int]] = {}
    for row in rows:
        if row.source_key:
            numbers.setdefault(row.source_key, set()).add(row.number)
    if not numbers:
        return {}
    table = quote_identifier(entity.table)
    queries = [f"select d.source_key, '{entity.name}', d.id from d"]  # noqa: S608 quoted identifiers
    queries += [
        "select d.source_key, l.subject_kind, l.subject_id from d"  # noqa: S608 quoted identifiers
        f" join link.{quote_identifier(linked.table)} l on l.record_id = d.id where l.subject_id is not null"
        for linked in entity.linked
    ]
    stored = connection.execute(
        f"with d as (select id, source_key from data.{table} where stream_id = %s and source_key = any(%s))"  # noqa: S608 quoted identifiers
        f" {' union all '.join(queries)}",
        (rows[0].stream_id, list(numbers)),
    )
    found: dict[int, frozenset[tuple[str, int]]] = {}
    for key, kind, subject in stored.fetchall():
        for number in numbers[key]:
            found[number] = found.get(number, frozenset()) | {(kind, subject)}
    return found


def _show_cells(row: OpenRow, masks: Mapping[str, Mask], broken: Collection[str]) -> tuple[ShownCell, ...]:
    cells = []
    for column, mask in masks.items():
        text = _read_text(row, column)
        is_broken = column in broken
        is_masked = not is_broken and mask is not Mask.NONE and text is not None
        shown = mask_text(mask, text) if is_masked and text is not None else text
        cells.append(ShownCell(column, shown, is_masked, is_broken))
    return tuple(sorted(cells, key=lambda cell: not cell.is_broken))


def _read_text(row: OpenRow, column: str) -> str | None:
    """The value of a column, with the correction that it has; None if there is none, or if it is a list."""
    value = (row.changes or {}).get(column, row.payload.get(column))
    return None if value is None or isinstance(value, dict | list) else str(value)
