"""Replay: rows that wait in quarantine, tried again with today's mapping and patches, and with what a person corrected in them.

They go the way of every other row: mapped, checked, staged, merged as changes, in one transaction that holds their stream, with
a record of a run of their own. What is still rejected stays, with its newest reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
from psycopg import Connection

from hub.errors import HubError, HubMisconfigured, OperationRefused, RecordRejected
from hub.ingest.quarantine import rejections as quarantine
from hub.ingest.quarantine.entries import CHOSEN, ROWS, Shown, Which, answer, open_row
from hub.ingest.quarantine.rejections import DUPLICATES
from hub.ingest.run.outcome import Count
from hub.ingest.transform.prepare import Part, Preparation
from hub.ingest.write import stage
from hub.ingest.write.merge import Merged, merge
from hub.ingest.write.merge_sql import Merge
from hub.ingest.write.stage import Staged
from hub.model.registry import registry
from hub.sdk.manifest import Manifest
from hub.store.query import fetch_value

CHUNK = 10_000
"""Rows of one transaction."""
PATIENCE = "10s"
"""How long to wait for a run that is writing the stream."""


@dataclass(frozen=True)
class Edit:
    """What a person changes in a row: source column → value, or None for nothing."""

    number: int
    changes: Mapping[str, str | None]
    note: str | None
    by: str


@dataclass(frozen=True)
class Replayed:
    """What became of rows of one kind. `older` ones were accepted, but the store has a newer version of them; `duplicates`
    were not tried. `reasons` are of those still rejected.
    """

    connector: str
    stream: str
    entity: str
    accepted: int = 0
    rejected: int = 0
    older: int = 0
    duplicates: int = 0
    reasons: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class _Group:
    """Rows of one kind of record of one stream, by number."""

    manifest: Manifest
    stream: str
    entity: str
    numbers: Sequence[int]


@dataclass(frozen=True)
class _Row:
    """One row of a group: its payload with corrections, and whether there were any."""

    id: int
    payload: dict[str, Any]
    edited: bool


def fix(connection: Connection[Any], manifests: Mapping[str, Manifest], edit: Edit) -> Replayed:
    """Correct a row and put it into the store. Raises RecordRejected where it still breaks a rule, and then keeps nothing."""
    with connection.transaction():
        row = open_row(connection, edit.number)
        group = _group(manifests, row.connector, row.stream, row.entity, [row.id])
        _hold_to_row(group, row, edit)
        answer(connection, edit.number, edit.changes, edit.note, edit.by)
        done = _again(connection, group)
        if done.rejected:
            raise RecordRejected(
                f"row {edit.number} is still rejected: {done.reasons[0]}",
                next_step="nothing was kept of this correction; give the other columns, too, or another value",
            )
    return done


def replay(connection: Connection[Any], manifests: Mapping[str, Manifest], which: Which) -> list[Replayed]:
    """Try rows that wait once more. What is in the way of one kind of record does not stop the others."""
    found = connection.execute(
        "select s.connector, s.name, q.entity, array_agg(q.id order by q.id) filter (where q.rule <> all(%(aside)s)),"
        f" count(*) filter (where q.rule = any(%(aside)s)) {ROWS} {CHOSEN} group by 1, 2, 3 order by 1, 2, 3",
        {**which.values(), "aside": list(DUPLICATES)},
    ).fetchall()
    return [
        done
        for connector, stream, entity, numbers, duplicates in found
        for done in _kind(connection, manifests, Replayed(connector, stream, entity, duplicates=duplicates), numbers)
    ]


def _kind(
    connection: Connection[Any], manifests: Mapping[str, Manifest], kind: Replayed, numbers: list[int] | None
) -> list[Replayed]:
    """One kind of record, in as many transactions as it needs."""
    found = [kind] if kind.duplicates else []
    for first in range(0, len(numbers or ()), CHUNK):
        try:
            chunk = (numbers or [])[first : first + CHUNK]
            found.append(_again(connection, _group(manifests, kind.connector, kind.stream, kind.entity, chunk)))
        except HubError as error:
            found.append(Replayed(kind.connector, kind.stream, kind.entity, problem=str(error)))
    return found


def _group(
    manifests: Mapping[str, Manifest], connector: str, stream: str, entity: str, numbers: Sequence[int]
) -> _Group:
    manifest = manifests.get(connector)
    if manifest is None or stream not in manifest.streams or entity not in manifest.streams[stream].emits:
        raise HubMisconfigured(
            f"{connector}.{stream} is no stream of {entity} any more", next_step="dismiss its rows, or bring it back"
        )
    return _Group(manifest, stream, entity, numbers)


def _hold_to_row(group: _Group, row: Shown, edit: Edit) -> None:
    """Refuse what cannot be corrected here."""
    if row.rule in DUPLICATES:
        raise OperationRefused(
            f"row {row.id} was set aside because another row has its key: it cannot be corrected by itself",
            next_step="correct it at the source; it goes in when the source sends one row of that key",
        )
    known = set(row.payload) | group.manifest.streams[group.stream].columns()
    unknown = sorted(set(edit.changes) - known)
    if unknown or not edit.changes:
        raise OperationRefused(
            f"row {row.id} has no column {', '.join(unknown)}" if unknown else "a correction changes something",
            next_step=f"use columns of the source: {', '.join(sorted(known))}",
        )


def _again(connection: Connection[Any], group: _Group) -> Replayed:
    """Try rows once more, in one transaction. Raises OperationRefused where a run is writing the stream."""
    entity = registry()[group.entity]
    stage.create(connection, entity)
    with connection.transaction():
        stream_id = _locked(connection, group)
        rows = _rows(connection, group)
        if not rows:
            return Replayed(group.manifest.name, group.stream, group.entity)
        run_id = _begin(connection, group)
        part = Preparation(group.manifest, group.stream, {}).again(entity, quarantine.frame([r.payload for r in rows]))
        if not part.accepted.is_empty():
            stage.accept(connection, entity, stage.written(part.accepted, part.accepted.columns))
        merged = merge(connection, Merge(entity, stream_id, run_id, datetime.now(UTC), whole=False))
        rejected = _rejected(connection, part)
        _resolve(connection, rows, rejected)
        _newest_reasons(connection, group, rows, rejected, run_id)
        accepted = len(rows) - len(rejected)
        older = accepted - _merged(connection, part)
        _end(connection, run_id, group, merged, len(rows), len(rejected))
        # Within a transaction of the caller, they are not emptied by its end.
        connection.execute(f"truncate {Staged(entity).rows}, {Staged(entity).rejects}, {Staged(entity).differing}")
    reasons = tuple(reason for _, _, reason in rejected.values())
    return Replayed(group.manifest.name, group.stream, group.entity, accepted, len(rejected), older, reasons=reasons)


def _locked(connection: Connection[Any], group: _Group) -> int:
    try:
        connection.execute(f"set local lock_timeout = '{PATIENCE}'")
        # The rows in quarantine refer to the stream, so it is there.
        return int(
            fetch_value(
                connection,
                "select id from hub.stream where connector = %s and name = %s for no key update",
                (group.manifest.name, group.stream),
            )
        )
    except psycopg.errors.LockNotAvailable:
        raise OperationRefused(
            f"{group.manifest.name}.{group.stream} is being written by a run", next_step="try again when it is done"
        ) from None


def _rows(connection: Connection[Any], group: _Group) -> list[_Row]:
    found = connection.execute(
        "select q.id, q.payload || coalesce(c.changes, '{}'), coalesce(c.changes, '{}') <> '{}' from hub.quarantine q"
        " left join hub.correction c"
        " on (c.stream_id, c.entity, c.payload_hash) = (q.stream_id, q.entity, q.payload_hash)"
        " where q.id = any(%s) and q.resolved_at is null order by q.id for update of q",
        (list(group.numbers),),
    ).fetchall()
    return [_Row(*row) for row in found]


def _rejected(connection: Connection[Any], part: Part) -> dict[int, tuple[str | None, str | None, str]]:
    """Position → field, rule, reason of rows that are still rejected; without field and rule where another row has their key."""
    found: dict[int, tuple[str | None, str | None, str]] = {
        row: (name, rule, reason)
        for row, name, rule, reason in part.rejected.select("row", "field", "rule", "reason").iter_rows()
    }
    taken = connection.execute(f"select source_key, reason from {Staged(part.entity).rejects}").fetchall()
    by_key = dict(taken)
    for row, key in enumerate(part.keys):
        if key in by_key and row not in found:
            found[row] = (None, None, by_key[key])
    return found


def _merged(connection: Connection[Any], part: Part) -> int:
    """How many rows a merge found newer than the store's, or as new."""
    return int(fetch_value(connection, f"select count(*) from {Staged(part.entity).rows}"))


def _resolve(connection: Connection[Any], rows: Sequence[_Row], rejected: Mapping[int, object]) -> None:
    for edited, resolution in ((True, "CORRECTED"), (False, "MENDED")):
        numbers = [row.id for at, row in enumerate(rows) if at not in rejected and row.edited is edited]
        connection.execute(
            "update hub.quarantine set resolved_at = now(), resolution = %s where id = any(%s)", (resolution, numbers)
        )


def _newest_reasons(
    connection: Connection[Any],
    group: _Group,
    rows: Sequence[_Row],
    rejected: Mapping[int, tuple[str | None, str | None, str]],
    run_id: int,
) -> None:
    """A row that waits says why by today's rules; where it waits for that rule already, it keeps to its first one."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "update hub.quarantine q set reason = %s, run_id = %s, connector_version = %s,"
            " (rule, field) = (select case when clash then q.rule else coalesce(%s, q.rule) end,"
            " case when clash then q.field else coalesce(%s, q.field) end from (select exists ("
            "select from hub.quarantine o where o.stream_id = q.stream_id and o.entity = q.entity and o.id <> q.id"
            " and o.payload_hash = q.payload_hash and o.rule = %s and o.resolved_at is null) as clash) found)"
            " where q.id = %s",
            [
                (reason, run_id, group.manifest.version, rule, name, rule, rows[at].id)
                for at, (name, rule, reason) in rejected.items()
            ],
        )


def _begin(connection: Connection[Any], group: _Group) -> int:
    """The record of a run; a run of the same connector that is going on stays as it is."""
    return int(
        fetch_value(
            connection,
            "insert into hub.run (connector, connector_version, status, mode) values (%s, %s, 'RUNNING', 'REPLAY') returning id",
            (group.manifest.name, group.manifest.version),
        )
    )


def _end(connection: Connection[Any], run_id: int, group: _Group, merged: Merged, read: int, rejected: int) -> None:
    count = Count(
        group.stream,
        group.entity,
        read=read,
        accepted=merged.staged,
        added=merged.added,
        changed=merged.changed,
        unchanged=merged.unchanged,
        quarantined=rejected,
    )
    connection.execute(
        "update hub.run set status = 'SUCCEEDED', counts = %s, drift = '[]', timings = '{}', ended_at = now()"
        " where id = %s",
        (orjson.dumps([asdict(count)]).decode(), run_id),
    )
