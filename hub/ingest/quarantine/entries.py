"""What waits in quarantine, as a person sees it: lists and counts without personal data, one row with it, and answers to rows.

A list never has the payload. A source's key is shown, unless it is made of a column whose values are masked: then its end.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from hub.errors import OperationRefused
from hub.model.registry import registry
from hub.sdk.manifest import Manifest
from hub.sdk.mapping import Condition, Patch
from schema.values import Mask

ROWS = "from hub.quarantine q join hub.stream s on s.id = q.stream_id"
FACTS = (
    "q.id, s.connector, s.name as stream, q.entity, q.source_key, q.field, q.rule, q.reason, q.first_seen,"
    " q.connector_version, q.resolved_at, q.resolution"
)
CHOSEN = (
    " where (%(every)s or q.resolved_at is null) and s.connector = coalesce(%(connector)s::text, s.connector)"
    " and q.rule = coalesce(%(rule)s::text, q.rule) and q.entity = coalesce(%(entity)s::text, q.entity)"
    " and (%(numbers)s::bigint[] is null or q.id = any(%(numbers)s))"
)


@dataclass(frozen=True)
class Which:
    """Which rows: those of a connector, rule or kind of record, those with these numbers; the open ones, or every one."""

    connector: str | None = None
    rule: str | None = None
    entity: str | None = None
    numbers: Sequence[int] | None = None
    every: bool = False

    def values(self) -> dict[str, object]:
        """As CHOSEN binds them."""
        numbers = None if self.numbers is None else list(self.numbers)
        return {
            "connector": self.connector,
            "rule": self.rule,
            "entity": self.entity,
            "numbers": numbers,
            "every": self.every,
        }


@dataclass(frozen=True)
class Waiting:
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
class Shown(Waiting):
    """A rejected row with its values, which are personal data, and the answer that a person gave to it."""

    payload: dict[str, Any]
    changes: dict[str, str | None] | None
    note: str | None
    made_by: str | None


@dataclass(frozen=True)
class Number:
    """How many open rows of a stream break one rule in one field, and since when."""

    connector: str
    stream: str
    entity: str
    rule: str
    field: str | None
    rows: int
    oldest: datetime


def listed(connection: Connection[Any], manifests: Mapping[str, Manifest], which: Which, limit: int) -> list[Waiting]:
    """The newest `limit` rows."""
    with connection.cursor(row_factory=class_row(Waiting)) as cursor:
        found = cursor.execute(
            f"select {FACTS} {ROWS} {CHOSEN} order by q.id desc limit %(limit)s", {**which.values(), "limit": limit}
        ).fetchall()
    return [replace(row, source_key=_key(manifests, row)) for row in found]


def counts(connection: Connection[Any]) -> list[Number]:
    """Open rows by connector, stream, kind of record, rule and field."""
    with connection.cursor(row_factory=class_row(Number)) as cursor:
        return cursor.execute(
            "select s.connector, s.name as stream, q.entity, q.rule, q.field, count(*) as rows, min(q.first_seen) as oldest"
            f" {ROWS} where q.resolved_at is null group by 1, 2, 3, 4, 5 order by rows desc, 1, 2, 3, 4, 5"
        ).fetchall()


def shown(connection: Connection[Any], number: int) -> Shown:
    """One row, open or not, with its values. Raises OperationRefused where there is none."""
    with connection.cursor(row_factory=class_row(Shown)) as cursor:
        row = cursor.execute(
            f"select {FACTS}, q.payload, c.changes, c.note, c.made_by {ROWS} left join hub.correction c"
            " on (c.stream_id, c.entity, c.payload_hash) = (q.stream_id, q.entity, q.payload_hash) where q.id = %s",
            (number,),
        ).fetchone()
    if row is None:
        raise OperationRefused(f"there is no row {number} in quarantine", next_step="see `hub quarantine list`")
    return row


def open_row(connection: Connection[Any], number: int) -> Shown:
    """One row that waits. Raises OperationRefused where it does not."""
    row = shown(connection, number)
    if row.resolved_at is not None:
        raise OperationRefused(
            f"row {number} does not wait any more: {row.resolution}", next_step="see `hub quarantine list`"
        )
    return row


def dismiss(connection: Connection[Any], number: int, note: str, by: str) -> Waiting:
    """Let a row wait no more. It stays out of the store, as long as the source sends the same row."""
    with connection.transaction():
        row = open_row(connection, number)
        answer(connection, number, {}, note, by)
        connection.execute(
            "update hub.quarantine q set resolved_at = now(), resolution = 'DISMISSED' from hub.quarantine same"
            " where same.id = %s and (q.stream_id, q.entity, q.payload_hash) ="
            " (same.stream_id, same.entity, same.payload_hash) and q.resolved_at is null",
            (number,),
        )
    return row


def reopen(connection: Connection[Any], number: int) -> Waiting:
    """Take a dismissal back: the row waits again. Raises OperationRefused where it was not dismissed."""
    with connection.transaction():
        row = shown(connection, number)
        if row.resolution != "DISMISSED":
            raise OperationRefused(f"row {number} was not dismissed", next_step="see `hub quarantine list --all`")
        connection.execute(
            "delete from hub.correction c using hub.quarantine q where q.id = %s and c.changes = '{}'"
            " and (c.stream_id, c.entity, c.payload_hash) = (q.stream_id, q.entity, q.payload_hash)",
            (number,),
        )
        connection.execute("update hub.quarantine set resolved_at = null, resolution = null where id = %s", (number,))
    return row


def answer(
    connection: Connection[Any], number: int, changes: Mapping[str, str | None], note: str | None, by: str
) -> None:
    """Keep what a person says of a row's payload. Later changes add to earlier ones; none at all are a dismissal."""
    connection.execute(
        "insert into hub.correction (stream_id, entity, payload_hash, changes, note, made_by)"
        " select stream_id, entity, payload_hash, %s, %s, %s from hub.quarantine where id = %s"
        " on conflict (stream_id, entity, payload_hash) do update set changes = case when excluded.changes = '{}'"
        " then '{}' else correction.changes || excluded.changes end,"
        " note = coalesce(excluded.note, correction.note), made_by = excluded.made_by, made_at = now()",
        (json.dumps(changes), note, by, number),
    )


def patch_of(row: Shown, column: str, to: str | None, where: str | None) -> Patch:
    """The patch that a row calls for: the value that its column has, and what stands for it: `to`, or what it was corrected to.

    `where` is a second column: the patch holds for rows that have this row's value in it. Raises OperationRefused.
    """
    for name in (column, *([where] if where else [])):
        if row.payload.get(name) is None:
            raise OperationRefused(
                f"row {row.id} has no value in a column {name}",
                next_step=f"use one of: {', '.join(sorted(n for n, value in row.payload.items() if value is not None))}",
            )
    stands = to if to is not None else (row.changes or {}).get(column)
    condition = {"column": where, "values": [str(row.payload[where])]} if where else None
    return Patch.model_validate(
        {"column": column, "value": str(row.payload[column]), "to": stands, "where": condition, "note": row.reason}
    )


def patch_toml(stream: str, patch: Patch) -> str:
    """The patch as a table of a manifest."""
    lines = [f"[[streams.{stream}.patches]]", f"column = {_text(patch.column)}", f"value = {_text(patch.value)}"]
    if patch.to is not None:
        lines.append(f"to = {_text(patch.to)}")
    if patch.where is not None:
        lines.append(f"where = {_condition_toml(patch.where)}")
    return "\n".join([*lines, f"note = {_text(patch.note)}"])


def _condition_toml(condition: Condition) -> str:
    if condition.null is not None:
        return f"{{ column = {_text(condition.column)}, null = {str(condition.null).lower()} }}"
    test = "values" if condition.values else "not_values"
    values = ", ".join(_text(value) for value in condition.values or condition.not_values)
    return f"{{ column = {_text(condition.column)}, {test} = [{values}] }}"


def _text(value: str) -> str:
    """A basic string of TOML, whose escapes are those of JSON."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(manifests: Mapping[str, Manifest], row: Waiting) -> str | None:
    """The key as a list may show it."""
    manifest = manifests.get(row.connector)
    stream = manifest.streams.get(row.stream) if manifest else None
    if row.source_key is None or manifest is None or stream is None or row.entity not in stream.emits:
        return None
    return shown_key(manifest, row.stream, row.entity, row.source_key)


def shown_key(manifest: Manifest, stream: str, entity: str, key: str | None) -> str:
    """A source key as a list, a log or a verdict may show it: its end alone if a column of it is personal."""
    if key is None:
        return "without a key"
    emit = manifest.streams[stream].emits.get(entity)
    personal = emit is None or any(
        set(made.columns()) & set(manifest.streams[stream].key)
        and registry()[entity].column(name).value.mask is not Mask.NONE
        for name, made in emit.fields.items()
    )
    return f"…{key[-3:]}" if personal else key
