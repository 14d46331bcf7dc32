"""Replay: process quarantined rows again with the current mapping and patches, and with corrections made by a person.

They take the path of every other row: mapped, checked, staged and merged as changes, in one transaction that locks
their stream, with a run record of their own. Rows that are still rejected stay open, with the latest reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from hub.errors import HubError, HubMisconfigured, OperationRefused, RecordRejected
from hub.ingest.quarantine import rejections as quarantine
from hub.ingest.quarantine.entries import (
    FROM_QUARANTINE,
    MATCHES_FILTER,
    QuarantineEntryDetail,
    QuarantineFilter,
    load_open_entry,
    record_answer,
)
from hub.ingest.quarantine.rejections import DUPLICATE_RULES
from hub.ingest.run.cursor import StreamCursor
from hub.ingest.run.outcome import CursorMoved, EntityCounts, StreamOutcome
from hub.ingest.run.run_records import begin_run, end_run
from hub.ingest.transform.prepare import BatchPreparer, PreparedPart
from hub.ingest.write import stage
from hub.ingest.write.merge import MergeCounts, merge_staged
from hub.ingest.write.merge_sql import MergeTask
from hub.ingest.write.stage import StagingTables
from hub.model.registry import load_registry
from hub.sdk.manifest import Manifest
from hub.store.query import fetch_value

CHUNK_ROWS = 10_000
"""Rows per transaction."""
LOCK_WAIT_S = 10.0
"""How long to wait for a run that is writing the stream."""


@dataclass(frozen=True)
class RowCorrection:
    """A person's correction of a row: source column → value, or None for no value."""

    number: int
    changes: Mapping[str, str | None]
    note: str | None
    by: str


@dataclass(frozen=True)
class ReplayResult:
    """What became of the replayed rows of one entity.

    `older` rows were accepted, but the store has a newer version of them. `duplicates` were not tried. `reasons` are
    those of the rows still rejected.
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
class _ReplayGroup:
    """Rows of one entity in one stream, by number."""

    manifest: Manifest
    stream: str
    entity: str
    numbers: Sequence[int]


@dataclass(frozen=True)
class _ReplayRow:
    """One row of a group: its payload with corrections, and whether there were any."""

    id: int
    payload: dict[str, Any]
    edited: bool


def correct_row(connection: Connection[Any], manifests: Mapping[str, Manifest], edit: RowCorrection) -> ReplayResult:
    """Correct a row and merge it into the store. Raises RecordRejected if it still breaks a rule; then nothing is kept."""
    with connection.transaction():
        row = load_open_entry(connection, edit.number)
        group = _build_group(manifests, row.connector, row.stream, row.entity, [row.id])
        _check_correction(group, row, edit)
        record_answer(connection, edit.number, edit.changes, edit.note, edit.by)
        done = _replay_group(connection, group)
        if done.rejected:
            raise RecordRejected(
                f"row {edit.number} is still rejected: {done.reasons[0]}",
                next_step="nothing of this correction was kept: correct the other columns as well, or give another value",
            )
    return done


def replay_rows(
    connection: Connection[Any], manifests: Mapping[str, Manifest], which: QuarantineFilter
) -> list[ReplayResult]:
    """Replay open rows. A failure in one entity does not stop the others."""
    found = connection.execute(
        "select s.connector, s.name, q.entity, array_agg(q.id order by q.id) filter (where q.rule <> all(%(aside)s)),"
        f" count(*) filter (where q.rule = any(%(aside)s)) {FROM_QUARANTINE} {MATCHES_FILTER} group by 1, 2, 3 order by 1, 2, 3",
        {**which.bind(), "aside": list(DUPLICATE_RULES)},
    ).fetchall()
    return [
        done
        for connector, stream, entity, numbers, duplicates in found
        for done in _replay_entity(
            connection, manifests, ReplayResult(connector, stream, entity, duplicates=duplicates), numbers
        )
    ]


def _replay_entity(
    connection: Connection[Any], manifests: Mapping[str, Manifest], kind: ReplayResult, numbers: list[int] | None
) -> list[ReplayResult]:
    """Replay the rows of one entity, in as many transactions as needed."""
    found = [kind] if kind.duplicates else []
    for first in range(0, len(numbers or ()), CHUNK_ROWS):
        try:
            chunk = (numbers or [])[first : first + CHUNK_ROWS]
            found.append(
                _replay_group(connection, _build_group(manifests, kind.connector, kind.stream, kind.entity, chunk))
            )
        except HubError as error:
            found.append(ReplayResult(kind.connector, kind.stream, kind.entity, problem=str(error)))
    return found


def _build_group(
    manifests: Mapping[str, Manifest], connector: str, stream: str, entity: str, numbers: Sequence[int]
) -> _ReplayGroup:
    manifest = manifests.get(connector)
    if manifest is None or stream not in manifest.streams or entity not in manifest.streams[stream].emits:
        raise HubMisconfigured(
            f"{connector}.{stream} no longer emits {entity}",
            next_step="dismiss its rows with `hub quarantine dismiss`, or restore it in the manifest",
        )
    return _ReplayGroup(manifest, stream, entity, numbers)


def _check_correction(group: _ReplayGroup, row: QuarantineEntryDetail, edit: RowCorrection) -> None:
    """Refuse a correction that cannot be made here."""
    if row.rule in DUPLICATE_RULES:
        raise OperationRefused(
            f"row {row.id} was set aside because another row has its key: it cannot be corrected on its own",
            next_step="correct it at the source; it is accepted when the source sends a single row of that key",
        )
    known = set(row.payload) | group.manifest.streams[group.stream].list_columns()
    unknown = sorted(set(edit.changes) - known)
    if unknown or not edit.changes:
        raise OperationRefused(
            f"row {row.id} has no column {', '.join(unknown)}" if unknown else "the correction changes nothing",
            next_step=f"give at least one column of the source: {', '.join(sorted(known))}",
        )


def _replay_group(connection: Connection[Any], group: _ReplayGroup) -> ReplayResult:
    """Replay rows in one transaction. Raises OperationRefused if a run is writing the stream."""
    entity = load_registry()[group.entity]
    stage.create_tables(connection, entity)
    with connection.transaction():
        stream_id = _lock_stream(connection, group).stream_id
        rows = _load_rows(connection, group)
        if not rows:
            return ReplayResult(group.manifest.name, group.stream, group.entity)
        run_id = begin_run(connection, group.manifest, "REPLAY")
        part = BatchPreparer(group.manifest, group.stream, {}).prepare_rejected(
            entity, quarantine.build_frame([r.payload for r in rows])
        )
        if not part.accepted.is_empty():
            stage.stage_accepted(connection, entity, stage.encode_copy(part.accepted, part.accepted.columns))
        merged = merge_staged(connection, MergeTask(entity, stream_id, run_id, datetime.now(UTC), whole=False))
        rejected = _find_rejected(connection, part)
        _resolve_accepted(connection, rows, rejected)
        _update_reasons(connection, group, rows, rejected, run_id)
        accepted = len(rows) - len(rejected)
        older = accepted - _count_merged(connection, part)
        outcome = _build_outcome(group, merged, len(rows), len(rejected))
        end_run(connection, run_id, "SUCCEEDED", [], {group.stream: outcome})
        # Within a caller's transaction, its end does not empty them.
        connection.execute(
            f"truncate {StagingTables(entity).rows}, {StagingTables(entity).rejects}, {StagingTables(entity).differing}"
        )
    reasons = tuple(reason for _, _, reason in rejected.values())
    return ReplayResult(
        group.manifest.name, group.stream, group.entity, accepted, len(rejected), older, reasons=reasons
    )


def _lock_stream(connection: Connection[Any], group: _ReplayGroup) -> StreamCursor:
    cursor = StreamCursor(connection, group.manifest.name, group.stream)
    try:
        cursor.lock_within(LOCK_WAIT_S)
    except CursorMoved as busy:
        raise OperationRefused(busy.message, next_step=busy.next_step) from None
    return cursor


def _load_rows(connection: Connection[Any], group: _ReplayGroup) -> list[_ReplayRow]:
    found = connection.execute(
        "select q.id, q.payload || coalesce(c.changes, '{}'), coalesce(c.changes, '{}') <> '{}' from hub.quarantine q"
        " left join hub.correction c"
        " on (c.stream_id, c.entity, c.payload_hash) = (q.stream_id, q.entity, q.payload_hash)"
        " where q.id = any(%s) and q.resolved_at is null order by q.id for update of q",
        (list(group.numbers),),
    ).fetchall()
    return [_ReplayRow(*row) for row in found]


def _find_rejected(connection: Connection[Any], part: PreparedPart) -> dict[int, tuple[str | None, str | None, str]]:
    """Return position → field, rule, reason of rows still rejected; field and rule are None if another row has their
    key.
    """
    found: dict[int, tuple[str | None, str | None, str]] = {
        row: (name, rule, reason)
        for row, name, rule, reason in part.rejected.select("row", "field", "rule", "reason").iter_rows()
    }
    taken = connection.execute(f"select source_key, reason from {StagingTables(part.entity).rejects}").fetchall()
    by_key = dict(taken)
    for row, key in enumerate(part.keys):
        if key in by_key and row not in found:
            found[row] = (None, None, by_key[key])
    return found


def _count_merged(connection: Connection[Any], part: PreparedPart) -> int:
    """Count the rows that the merge found at least as new as the stored ones."""
    return int(fetch_value(connection, f"select count(*) from {StagingTables(part.entity).rows}"))


def _resolve_accepted(connection: Connection[Any], rows: Sequence[_ReplayRow], rejected: Mapping[int, object]) -> None:
    for edited, resolution in ((True, "CORRECTED"), (False, "MENDED")):
        numbers = [row.id for at, row in enumerate(rows) if at not in rejected and row.edited is edited]
        connection.execute(
            "update hub.quarantine set resolved_at = now(), resolution = %s where id = any(%s)", (resolution, numbers)
        )


def _update_reasons(
    connection: Connection[Any],
    group: _ReplayGroup,
    rows: Sequence[_ReplayRow],
    rejected: Mapping[int, tuple[str | None, str | None, str]],
    run_id: int,
) -> None:
    """Give open rows the reason by the current rules. If the row is already open for that rule, it keeps its first one."""
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


def _build_outcome(group: _ReplayGroup, merged: MergeCounts, read: int, rejected: int) -> StreamOutcome:
    count = EntityCounts(
        group.stream,
        group.entity,
        read=read,
        accepted=merged.staged,
        added=merged.added,
        changed=merged.changed,
        unchanged=merged.unchanged,
        quarantined=rejected,
    )
    return StreamOutcome({group.entity: count})
