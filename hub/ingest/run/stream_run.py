"""One stream within a run: read in a background thread, staged and merged here, committed together with its cursor.

A whole read is one transaction: readers see all of it or nothing. A read of changes commits every `commit_rows` rows; a
run that is killed keeps the committed rows and reads the rest again.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

from psycopg import Connection

from hub.errors import SourceUnavailable
from hub.ingest.drift.observer import DriftObserver
from hub.ingest.guards.change_limits import ChangeLimits
from hub.ingest.quarantine import rejections as quarantine
from hub.ingest.read.reader import Reader, ReadState
from hub.ingest.run.cursor import StreamCursor
from hub.ingest.run.history import find_last_version
from hub.ingest.run.intake import Intake, ReadyBatch
from hub.ingest.run.not_modified import add_basis, is_not_modified
from hub.ingest.run.outcome import ApprovalRequired, EntityCounts, RunOptions, StreamOutcome
from hub.ingest.transform import map as mapping
from hub.ingest.transform.prepare import BatchPreparer
from hub.ingest.transform.row_digests import KnownDigests
from hub.ingest.write import missing_rows as unseen
from hub.ingest.write import row_versions as versions
from hub.ingest.write import stage
from hub.ingest.write.initial_load import InitialLoad, begin_loads, can_load_directly, end_loads
from hub.ingest.write.merge import count_rows, merge_staged
from hub.ingest.write.merge_sql import MergeTask
from hub.ingest.write.sweep import Sweeper
from hub.model.registry import Entity, load_registry
from hub.sdk.manifest import Manifest
from hub.sdk.streams import Stream
from hub.tracing.spans import open_span

T = TypeVar("T")


class StreamRun:
    """Reads one stream once, or for as long as its reader follows."""

    def __init__(
        self, connection: Connection[Any], manifest: Manifest, name: str, orders: RunOptions, reader: Reader
    ) -> None:
        self.connection = connection
        self.manifest = manifest
        self.name = name
        self.stream: Stream = manifest.streams[name]
        self.options = orders
        self.reader = reader
        self.entities = [load_registry()[entity] for entity in self.stream.emits]
        self.outcome = StreamOutcome({e.name: EntityCounts(name, e.name) for e in self.entities})
        self.cursor = StreamCursor(connection, manifest.name, name)
        self.limits = ChangeLimits(connection, self.stream, self.cursor, orders, follows=manifest.follows)
        self.preparer = BatchPreparer(manifest, name, self.cursor.shape)
        watch = self.preparer.detector
        self.observer = DriftObserver(connection, self.stream, self.cursor, self.limits, watch, self.outcome)
        self.intake = Intake(connection, reader, self.preparer, self.observer, orders, self.outcome)
        self.sweeper = Sweeper(connection, manifest, self.stream, self.limits, self.outcome)

    def run(self) -> StreamOutcome:
        """Read to the end. Raises SourceUnavailable, HubMisconfigured, ApprovalRequired; committed rows stay."""
        with contextlib.closing(self.intake.source_rows):
            return self._run()

    def _run(self) -> StreamOutcome:
        started, clock = datetime.now(UTC), time.monotonic()
        state = None if self.options.full else self.cursor.state
        # A followed source says itself when it is complete: a whole read of an inbox would be mistaken for the end of a
        # table.
        whole = (self.options.full and not self.manifest.follows) or self.reader.whole(state)
        if whole and not self.options.full and is_not_modified(self.reader, self.manifest, self.name, self.cursor):
            self._confirm_unchanged(started)
            self.outcome.seconds = time.monotonic() - clock
            return self.outcome
        for entity in self.entities:
            stage.create_tables(self.connection, entity)
        self.preparer.sweeping = whole and self.stream.sweeps
        try:
            self._read(state, started, whole=whole)
        except ApprovalRequired as refused:
            # The transaction was rolled back; the approval request stays.
            self.observer.record()
            raise ApprovalRequired(refused.request, self.limits.request_approval(refused.request)) from None
        except SourceUnavailable:
            # What the source lacks is often the reason.
            self.observer.gather(self.preparer.detector.findings.values())
            self.observer.record()
            raise
        self.outcome.notes += [*self.reader.notes, *self._version_notes(whole=whole)]
        self.observer.finish(whole=whole, rows=self.intake.rows_read > 0)
        self.limits.withdraw_requests()
        self.outcome.seconds = time.monotonic() - clock
        return self.outcome

    def _version_notes(self, *, whole: bool) -> list[str]:
        """Describe what a new version of the connector changed in the stored rows, and which rows it did not process."""
        old = find_last_version(self.connection, self.manifest.name, self.options.run_id)
        if old is None or old == self.manifest.version:
            return []
        where = f"{self.where}: version {self.manifest.version} of the connector, previously {old}"
        notes = [
            f"{where}: {entity}: " + "; ".join(f"{column} ({count.describe()})" for column, count in counts.items())
            for entity, counts in self.limits.affected.items()
            if counts
        ]
        if not whole:
            notes.append(
                f"{where}: rows that did not arrive are still as {old} mapped them: run `hub sync {self.manifest.name} --full`"
            )
        return notes

    def refresh_rows(self, wait_s: float, locked: Callable[[], None]) -> StreamOutcome:
        """Merge rows that were fetched by key, as changes. The cursor does not move.

        `locked` is called before the rows are read, when no other run can write to the stream any more. Raises CursorMoved if a run
        of the stream lasts longer than `wait_s` seconds.
        """
        for entity in self.entities:
            stage.create_tables(self.connection, entity)
        with contextlib.closing(self.intake.source_rows), self.connection.transaction():
            self.cursor.lock_within(wait_s)
            locked()
            for ready in self.intake.read_batches(None):
                self.intake.stage_batch(ready)
            self.intake.stage_corrections(self.cursor.stream_id)
            for entity in self.entities:
                self._merge_changes(entity, datetime.now(UTC))
            self.observer.record()
        return self.outcome

    def _read(self, state: ReadState | None, started: datetime, *, whole: bool) -> None:
        if whole:
            self._read_whole(state, started)
        else:
            self._read_changes(state, started)
            if self.sweeper.is_due(started):
                self._sweep_by_keys(started)

    def _read_whole(self, state: ReadState | None, at: datetime) -> None:
        """Read everything, in one transaction."""
        tokens: list[Any] = []
        with self.connection.transaction():
            self.cursor.lock()
            self.intake.source_rows.clear()
            fills = {e.name: InitialLoad(self.connection, self._build_task(e, at, whole=True)) for e in self.entities}
            fills = {name: fill for name, fill in fills.items() if can_load_directly(self.connection, fill.work.entity)}
            fills = begin_loads(fills)
            known = None if fills or not self.preparer.digested else self._load_known()
            self.intake.loads = fills
            last = state
            with open_span("read"):
                for ready in self.intake.read_batches(None, known):
                    self.intake.stage_batch(ready)
                    last = ready.batch.state or last
                    tokens += [] if ready.batch.token is None else [ready.batch.token]
            self.intake.stage_corrections(self.cursor.stream_id)
            self._finish_whole(at, fills, known, last)
        self.reader.acknowledge(tokens)

    def _finish_whole(
        self, at: datetime, fills: dict[str, InitialLoad], known: KnownDigests | None, last: ReadState | None
    ) -> None:
        self.observer.observe(self.preparer.detector.check_end())
        for name, fill in fills.items():
            count = self.outcome.counts[name]
            with open_span("load", entity=name):
                count.added, copies = self._time_store(fill.build_indexes)
            count.unchanged += copies
        end_loads(self.connection, fills.values())
        for entity in self.entities:
            count = self.outcome.counts[entity.name]
            if entity.name not in fills:
                self._merge_whole(self._build_task(entity, at, whole=True, digested=known is not None), count, known)
            self.intake.source_rows.restore_payloads(self.connection, entity)
            count.quarantined = quarantine.quarantine_rejects(
                self.connection, entity, self.cursor.stream_id, self.options.run_id, self.manifest.version
            )
            count.accepted = count.added + count.changed + count.unchanged
        quarantine.resolve_unseen(self.connection, self.entities, self.cursor.stream_id, self.options.run_id)
        # A followed table is swept only by its snapshot, so a sweep that was held back needs another snapshot.
        if not (self.sweeper.held_back and self.manifest.follows):
            self.cursor.advance(add_basis(last, self.manifest, self.name, self.outcome.problems))
        self.sweeper.confirm(at)
        self.observer.save_shape(whole=True)

    def _confirm_unchanged(self, at: datetime) -> None:
        """Record that the source reports no change: what the store has was true at this time."""
        with self.connection.transaction():
            self.cursor.lock()
            self.cursor.confirm_complete(at)
            for entity in self.entities:
                count = self.outcome.counts[entity.name]
                count.unchanged = count.accepted = count_rows(self.connection, self._build_task(entity, at, whole=True))
        self.outcome.notes.append(f"{self.where}: not modified since the last read")

    def _merge_whole(self, work: MergeTask, count: EntityCounts, known: KnownDigests | None) -> None:
        if known is not None:
            unseen.record_unseen(self.connection, work, known)
        versions.rekey_items(self.connection, work)
        present = known.rows if known is not None else None
        deleted = self.sweeper.sweep(work, count.read, self.intake.rows_read, present=present)
        with open_span("merge", entity=work.entity.name):
            merged = self._time_store(lambda: merge_staged(self.connection, work, deleted=deleted, guard=self.limits))
        count.added, count.changed, count.deleted = merged.added, merged.changed, merged.deleted
        count.unchanged += merged.unchanged
        if merged.stale:
            self.outcome.notes.append(
                f"{self.where}: {merged.stale} rows of {work.entity.name} came with an older {self.stream.changed_at} than the"
                " store has, and were skipped: ask the owner whether the source was restored from a backup"
            )

    def _read_changes(self, state: ReadState | None, at: datetime) -> None:
        """Read what changed, committing as it goes. If the source fails, what it sent until then is kept."""
        batches = self.intake.read_batches(state)
        failure: SourceUnavailable | None = None
        with contextlib.closing(batches):
            batch, failure = _next_batch(batches)
            while batch is not None:
                tokens: list[Any] = []
                began = datetime.now(UTC)
                with self.connection.transaction():
                    self.cursor.lock()
                    self.intake.source_rows.clear()
                    with open_span("read"):
                        last, failure = self._stage_until_commit(batch, batches, tokens)
                    if failure and self.manifest.follows:
                        # It arrives again: do not show half of a source's transaction in the meantime.
                        raise failure
                    self.intake.stage_corrections(self.cursor.stream_id)
                    for entity in self.entities:
                        self._merge_changes(entity, began)
                    self.cursor.advance(last)
                    if self.manifest.follows:
                        self.cursor.set_as_of(began)
                    self.observer.save_shape(whole=False)
                    self.observer.record()
                self.reader.acknowledge(tokens)
                batch, failure = (None, failure) if failure else _next_batch(batches)
        if failure:
            raise failure
        if state is None:
            # It started from the beginning, so it has seen every key.
            self.cursor.confirm_complete(at)
        else:
            self.cursor.set_as_of(at)

    def _stage_until_commit(
        self, ready: ReadyBatch, batches: Iterator[ReadyBatch], tokens: list[Any]
    ) -> tuple[ReadState | None, SourceUnavailable | None]:
        """Stage batches until it is time to commit. Returns the new state, and the failure that ended the read, if any."""
        gathered, last = 0, None
        following: ReadyBatch | None = ready
        failure: SourceUnavailable | None = None
        while following is not None:
            self.intake.stage_batch(following)
            current = following.batch
            gathered += current.height
            last = current.state or last
            tokens += [] if current.token is None else [current.token]
            if current.taken:
                self.cursor.record_file(current.taken, self.options.run_id)
            if current.commit or (gathered >= self.stream.commit_rows and current.state is not None):
                break
            following, failure = _next_batch(batches)
        return last, failure

    def _merge_changes(self, entity: Entity, at: datetime) -> None:
        count = self.outcome.counts[entity.name]
        with open_span("merge", entity=entity.name):
            merged = self._time_store(
                lambda: merge_staged(self.connection, self._build_task(entity, at, whole=False), guard=self.limits)
            )
        count.added += merged.added
        count.changed += merged.changed
        count.unchanged += merged.unchanged
        count.deleted += merged.deleted
        count.accepted = count.added + count.changed + count.unchanged
        lists = len(self.stream.key) if self.stream.emits[entity.name].explode else 0
        quarantine.resolve_arrived(self.connection, entity, self.cursor.stream_id, list_key_parts=lists)
        self.intake.source_rows.restore_payloads(self.connection, entity)
        count.quarantined += quarantine.quarantine_rejects(
            self.connection, entity, self.cursor.stream_id, self.options.run_id, self.manifest.version
        )

    def _sweep_by_keys(self, at: datetime) -> None:
        """Compare the store with every key of the source. If keys cannot be listed separately, run a full read."""
        if not self.reader.lists_keys:
            self.preparer.sweeping = True
            self._read_whole(None, at)
            return
        with self.connection.transaction():
            self.cursor.lock()
            read = 0
            listing = self.reader.keys()
            for frame in listing:
                read += frame.height
                for entity in self.entities:
                    living = self.preparer.filter_living(frame, entity)
                    stage.stage_listed(
                        self.connection, entity, living.select(mapping.build_source_key(self.stream)).to_series()
                    )
            for entity in self.entities:
                self._sweep_listed(entity, at, read)
            self.sweeper.confirm(at)

    def _sweep_listed(self, entity: Entity, at: datetime, read: int) -> None:
        work = self._build_task(entity, at, whole=True)
        self.outcome.counts[entity.name].deleted += self.sweeper.sweep(work, read, read, listed=True)

    def _load_known(self) -> KnownDigests:
        (entity,) = self.entities
        return KnownDigests.load(self.connection, entity, self.cursor.stream_id)

    def _build_task(self, entity: Entity, at: datetime, *, whole: bool, digested: bool = False) -> MergeTask:
        exploded = self.stream.emits[entity.name].explode is not None
        facts = (entity, self.cursor.stream_id, self.options.run_id, at, whole, digested, exploded)
        return MergeTask(*facts, sweeps=self.stream.sweeps, key_parts=len(self.stream.key))

    def _time_store(self, work: Callable[[], T]) -> T:
        started = time.monotonic()
        try:
            return work()
        finally:
            self.outcome.stored_s += time.monotonic() - started

    @property
    def where(self) -> str:
        """Name of the stream in messages."""
        return f"{self.manifest.name}.{self.name}"


def _next_batch(batches: Iterator[ReadyBatch]) -> tuple[ReadyBatch | None, SourceUnavailable | None]:
    try:
        return next(batches, None), None
    except SourceUnavailable as failure:
        return None, failure
