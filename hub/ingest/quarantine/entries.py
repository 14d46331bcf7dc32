"""Quarantine entries as a person sees them: lists and counts without personal data, one entry with its values, and
answers to entries.

A list never shows the payload. It shows a source key in full, unless a key column holds masked values: then only its
end.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from hub.errors import OperationRefused
from hub.model.registry import load_registry
from hub.sdk.manifest import Manifest
from hub.sdk.mapping import Condition, Patch

FROM_QUARANTINE = "from hub.quarantine q join hub.stream s on s.id = q.stream_id"
ENTRY_COLUMNS = (
    "q.id, s.connector, s.name as stream, q.entity, q.source_key, q.field, q.rule, q.reason, q.first_seen,"
    " q.connector_version, q.resolved_at, q.resolution"
)
MATCHES_FILTER = (
    " where (%(every)s or q.resolved_at is null) and s.connector = coalesce(%(connector)s::text, s.connector)"
    " and q.rule = coalesce(%(rule)s::text, q.rule) and q.entity = coalesce(%(entity)s::text, q.entity)"
    " and (%(numbers)s::bigint[] is null or q.id = any(%(numbers)s))"
)
RECORD_ANSWER = """
insert into hub.correction (stream_id, entity, payload_hash, changes, note, made_by)
select stream_id, entity, payload_hash, %s, %s, %s from hub.quarantine where id = %s
on conflict (stream_id, entity, payload_hash) do update set
    changes = case when excluded.changes = '{}' then '{}' else correction.changes || excluded.changes end,
    note = coalesce(excluded.note, correction.note), made_by = excluded.made_by, made_at = now()"""


@dataclass(frozen=True)
class QuarantineFilter:
    """Which entries: by connector, rule, entity or number; open ones only, or every one."""

    connector: str | None = None
    rule: str | None = None
    entity: str | None = None
    numbers: Sequence[int] | None = None
    every: bool = False

    def bind(self) -> dict[str, object]:
        """Return the parameters of MATCHES_FILTER."""
        numbers = None if self.numbers is None else list(self.numbers)
        return {
            "connector": self.connector,
            "rule": self.rule,
            "entity": self.entity,
            "numbers": numbers,
            "every": self.every,
        }


@dataclass(frozen=True)
class QuarantineEntry:
    """A rejected row, without its values."""

    id: int
    connector: str
    stream: str
    entity: str
    source_key: str | None
    field: str | None
    rule: str
    reason: str
    first_seen: datetime
    connector_version: str
    resolved_at: datetime | None
    resolution: str | None


@dataclass(frozen=True)
class QuarantineEntryDetail(QuarantineEntry):
    """A rejected row with its values, which are personal data, and the answer that a person gave."""

    payload: dict[str, Any]
    changes: dict[str, str | None] | None
    note: str | None
    made_by: str | None


@dataclass(frozen=True)
class QuarantineCount:
    """How many open entries of a stream break one rule in one field, and since when."""

    connector: str
    stream: str
    entity: str
    rule: str
    field: str | None
    rows: int
    oldest: datetime


def list_entries(
    connection: Connection[Any], manifests: Mapping[str, Manifest], which: QuarantineFilter, limit: int
) -> list[QuarantineEntry]:
    """Return the newest `limit` entries."""
    with connection.cursor(row_factory=class_row(QuarantineEntry)) as cursor:
        found = cursor.execute(
            f"select {ENTRY_COLUMNS} {FROM_QUARANTINE} {MATCHES_FILTER} order by q.id desc limit %(limit)s",
            {**which.bind(), "limit": limit},
        ).fetchall()
    return [replace(row, source_key=_show_entry_key(manifests, row)) for row in found]


def count_entries(connection: Connection[Any]) -> list[QuarantineCount]:
    """Count open entries by connector, stream, entity, rule and field."""
    with connection.cursor(row_factory=class_row(QuarantineCount)) as cursor:
        return cursor.execute(
            "select s.connector, s.name as stream, q.entity, q.rule, q.field, count(*) as rows, min(q.first_seen) as oldest"
            f" {FROM_QUARANTINE} where q.resolved_at is null group by 1, 2, 3, 4, 5 order by rows desc, 1, 2, 3, 4, 5"
        ).fetchall()


def load_entry(connection: Connection[Any], number: int) -> QuarantineEntryDetail:
    """Return one entry, open or not, with its values. Raises OperationRefused if it does not exist."""
    with connection.cursor(row_factory=class_row(QuarantineEntryDetail)) as cursor:
        row = cursor.execute(
            f"select {ENTRY_COLUMNS}, q.payload, c.changes, c.note, c.made_by {FROM_QUARANTINE} left join hub.correction c"
            " on (c.stream_id, c.entity, c.payload_hash) = (q.stream_id, q.entity, q.payload_hash) where q.id = %s",
            (number,),
        ).fetchone()
    if row is None:
        raise OperationRefused(
            f"there is no quarantined row {number}", next_step="list them with `hub quarantine list`"
        )
    return row


def load_open_entry(connection: Connection[Any], number: int) -> QuarantineEntryDetail:
    """Return one open entry. Raises OperationRefused if it is resolved."""
    row = load_entry(connection, number)
    if row.resolved_at is not None:
        raise OperationRefused(
            f"row {number} is already resolved ({row.resolution})",
            next_step="list open rows with `hub quarantine list`",
        )
    return row


def dismiss_entry(connection: Connection[Any], number: int, note: str, by: str) -> QuarantineEntry:
    """Dismiss an entry. The row stays out of the store for as long as the source sends it unchanged."""
    with connection.transaction():
        row = load_open_entry(connection, number)
        record_answer(connection, number, {}, note, by)
        connection.execute(
            "update hub.quarantine q set resolved_at = now(), resolution = 'DISMISSED' from hub.quarantine same"
            " where same.id = %s and (q.stream_id, q.entity, q.payload_hash) ="
            " (same.stream_id, same.entity, same.payload_hash) and q.resolved_at is null",
            (number,),
        )
    return row


def reopen_entry(connection: Connection[Any], number: int) -> QuarantineEntry:
    """Reopen a dismissed entry. Raises OperationRefused if it was not dismissed."""
    with connection.transaction():
        row = load_entry(connection, number)
        if row.resolution != "DISMISSED":
            raise OperationRefused(
                f"row {number} was not dismissed",
                code="NOT_DISMISSED",
                next_step="list all rows with `hub quarantine list --all`",
            )
        connection.execute(
            "delete from hub.correction c using hub.quarantine q where q.id = %s and c.changes = '{}'"
            " and (c.stream_id, c.entity, c.payload_hash) = (q.stream_id, q.entity, q.payload_hash)",
            (number,),
        )
        connection.execute("update hub.quarantine set resolved_at = null, resolution = null where id = %s", (number,))
    return row


def record_answer(
    connection: Connection[Any], number: int, changes: Mapping[str, str | None], note: str | None, by: str
) -> None:
    """Store a person's answer to a row's payload. Later changes are added to earlier ones; no changes at all mean a
    dismissal.
    """
    connection.execute(RECORD_ANSWER, (json.dumps(changes), note, by, number))


def build_patch(row: QuarantineEntryDetail, column: str, to: str | None, where: str | None) -> Patch:
    """Build the patch for a row: the value of its column, and its replacement: `to`, or the value that a person
    corrected it to.

    `where` names a second column: the patch then applies to rows with this row's value in it. Raises OperationRefused.
    """
    for name in (column, *([where] if where else [])):
        if row.payload.get(name) is None:
            raise OperationRefused(
                f"row {row.id} has no value in column {name}",
                next_step=f"use one of: {', '.join(sorted(n for n, value in row.payload.items() if value is not None))}",
            )
    stands = to if to is not None else (row.changes or {}).get(column)
    condition = {"column": where, "values": [str(row.payload[where])]} if where else None
    return Patch.model_validate(
        {"column": column, "value": str(row.payload[column]), "to": stands, "where": condition, "note": row.reason}
    )


def render_patch(stream: str, patch: Patch) -> str:
    """Render the patch as a TOML table of a manifest."""
    lines = [
        f"[[streams.{stream}.patches]]",
        f"column = {_quote_toml(patch.column)}",
        f"value = {_quote_toml(patch.value)}",
    ]
    if patch.to is not None:
        lines.append(f"to = {_quote_toml(patch.to)}")
    if patch.where is not None:
        lines.append(f"where = {_render_condition(patch.where)}")
    return "\n".join([*lines, f"note = {_quote_toml(patch.note)}"])


def _render_condition(condition: Condition) -> str:
    if condition.null is not None:
        return f"{{ column = {_quote_toml(condition.column)}, null = {str(condition.null).lower()} }}"
    test = "values" if condition.values else "not_values"
    values = ", ".join(_quote_toml(value) for value in condition.values or condition.not_values)
    return f"{{ column = {_quote_toml(condition.column)}, {test} = [{values}] }}"


def _quote_toml(value: str) -> str:
    """Quote a TOML basic string, whose escapes are those of JSON."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _show_entry_key(manifests: Mapping[str, Manifest], row: QuarantineEntry) -> str | None:
    """Return the key as a list may show it."""
    manifest = manifests.get(row.connector)
    stream = manifest.streams.get(row.stream) if manifest else None
    if row.source_key is None or manifest is None or stream is None or row.entity not in stream.emits:
        return None
    return show_key(manifest, row.stream, row.entity, row.source_key)


def show_key(manifest: Manifest, stream: str, entity: str, key: str | None) -> str:
    """Return a source key as lists, logs and verdicts may show it: only its end if a column of it is personal."""
    if key is None:
        return "without a key"
    emit = manifest.streams[stream].emits.get(entity)
    personal = emit is None or any(
        set(made.list_columns()) & set(manifest.streams[stream].key)
        and load_registry()[entity].column(name).value.mask.is_personal
        for name, made in emit.fields.items()
    )
    return f"…{key[-3:]}" if personal else key
