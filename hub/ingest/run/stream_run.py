"""One stream within a run: read ahead in a thread, staged and merged here, committed with the place to go on from.

A whole read is one transaction: what it gives is seen at once, or not at all. A read of changes commits every so many rows; a
run that is killed loses nothing that was committed, and reads the rest again.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

from psycopg import Connection

from hub.errors import SourceUnavailable
from hub.ingest.drift.observer import Observed
from hub.ingest.guards.change_limits import Bounds
from hub.ingest.quarantine import rejections as quarantine
from hub.ingest.read.reader import Reader, State
from hub.ingest.run.cursor import Place
from hub.ingest.run.history import last_version
from hub.ingest.run.intake import Intake, Ready
from hub.ingest.run.not_modified import is_unchanged, with_basis
from hub.ingest.run.outcome import Count, Orders, Outcome, Refused
from hub.ingest.transform import map as mapping
from hub.ingest.transform.prepare import Preparation
from hub.ingest.transform.row_digests import Known
from hub.ingest.write import missing_rows as unseen
from hub.ingest.write import row_versions as versions
from hub.ingest.write import stage
from hub.ingest.write.initial_load import Load, empty
from hub.ingest.write.merge import held, merge
from hub.ingest.write.merge_sql import Merge
from hub.ingest.write.sweep import Sweeping
from hub.model.registry import Entity, registry
from hub.sdk.manifest import Manifest
from hub.sdk.streams import Stream

T = TypeVar("T")


class StreamRun:
    """Reads one stream once, or for as long as its reader follows."""

    def __init__(
        self, connection: Connection[Any], manifest: Manifest, name: str, orders: Orders, reader: Reader
    ) -> None:
        self.connection = connection
        self.manifest = manifest
        self.name = name
        self.stream: Stream = manifest.streams[name]
        self.orders = orders
        self.reader = reader
        self.entities = [registry()[entity] for entity in self.stream.emits]
        self.outcome = Outcome({e.name: Count(name, e.name) for e in self.entities})
        self.place = Place(connection, manifest.name, name)
        self.bounds = Bounds(connection, self.stream, self.place, orders, follows=manifest.follows)
        self.preparation = Preparation(manifest, name, self.place.shape)
        watch = self.preparation.watch
        self.observed = Observed(connection, self.stream, self.place, self.bounds, watch, self.outcome)
        self.intake = Intake(connection, reader, self.preparation, self.observed, orders, self.outcome)
        self.sweeping = Sweeping(connection, manifest, self.stream, self.bounds, self.outcome)

    def run(self) -> Outcome:
        """Read to the end. Raises SourceUnavailable, HubMisconfigured, Refused; what was committed stays."""
        with contextlib.closing(self.intake.as_read):
            return self._run()

    def _run(self) -> Outcome:
        started, clock = datetime.now(UTC), time.monotonic()
        state = None if self.orders.full else self.place.state
        # What is followed says itself when it has everything: a whole read of an inbox would be taken for a table's end.
        whole = (self.orders.full and not self.manifest.follows) or self.reader.whole(state)
        if whole and not self.orders.full and is_unchanged(self.reader, self.manifest, self.name, self.place):
            self._confirm_unchanged(started)
            self.outcome.seconds = time.monotonic() - clock
            return self.outcome
        for entity in self.entities:
            stage.create(self.connection, entity)
        self.preparation.sweeping = whole and self.stream.sweeps
        try:
            self._read(state, started, whole=whole)
        except Refused as refused:
            # Its transaction is rolled back; the question stays.
            self.observed.keep()
            raise Refused(refused.question, self.bounds.ask(refused.question)) from None
        except SourceUnavailable:
            # What the source lacks is often why.
            self.observed.gather(self.preparation.watch.findings.values())
            self.observed.keep()
            raise
        self.outcome.notes += [*self.reader.notes, *self._version_notes(whole=whole)]
        self.observed.settle(whole=whole, rows=self.intake.done > 0)
        self.bounds.close()
        self.outcome.seconds = time.monotonic() - clock
        return self.outcome

    def _version_notes(self, *, whole: bool) -> list[str]:
        """What another version of the connector made of the rows that were there, and of which rows it did not."""
        old = last_version(self.connection, self.manifest.name, self.orders.run_id)
        if old is None or old == self.manifest.version:
            return []
        where = f"{self.where}: version {self.manifest.version} of the connector, after {old}"
        notes = [
            f"{where}: {entity}: " + "; ".join(f"{column} ({count.words()})" for column, count in counts.items())
            for entity, counts in self.bounds.affected.items()
            if counts
        ]
        if not whole:
            notes.append(
                f"{where}: rows that did not come are as {old} made them: run `hub sync {self.manifest.name} --full`"
            )
        return notes

    def refresh(self, wait_s: float) -> Outcome:
        """Rows that a reader asked for by key. They go in as changes do; the place of the stream stays where it is.

        Raises Interfered where a run of the stream goes on for longer than `wait_s` seconds.
        """
        for entity in self.entities:
            stage.create(self.connection, entity)
        with contextlib.closing(self.intake.as_read), self.connection.transaction():
            self.place.hold(wait_s)
            for ready in self.intake.batches(None):
                self.intake.take(ready)
            self.intake.corrections(self.place.stream_id)
            for entity in self.entities:
                self._merge_changes(entity, datetime.now(UTC))
            self.observed.keep()
        return self.outcome

    def _read(self, state: State | None, started: datetime, *, whole: bool) -> None:
        if whole:
            self._whole(state, started)
        else:
            self._changes(state, started)
            if self.sweeping.due(started):
                self._sweep_by_keys(started)

    def _whole(self, state: State | None, at: datetime) -> None:
        """A read of everything, in one transaction."""
        tokens: list[Any] = []
        with self.connection.transaction():
            self.place.lock()
            self.intake.as_read.forget()
            fills = {e.name: Load(self.connection, self._work(e, at, whole=True)) for e in self.entities}
            fills = {name: fill for name, fill in fills.items() if empty(self.connection, fill.work.entity)}
            known = None if fills or not self.preparation.digested else self._known()
            for fill in fills.values():
                fill.begin()
            self.intake.fills = fills
            last = state
            for ready in self.intake.batches(None, known):
                self.intake.take(ready)
                last = ready.batch.state or last
                tokens += [] if ready.batch.token is None else [ready.batch.token]
            self.intake.corrections(self.place.stream_id)
            self._finish_whole(at, fills, known, last)
        self.reader.acknowledge(tokens)

    def _finish_whole(self, at: datetime, fills: dict[str, Load], known: Known | None, last: State | None) -> None:
        self.observed.see(self.preparation.watch.finish())
        for entity in self.entities:
            count = self.outcome.counts[entity.name]
            work = self._work(entity, at, whole=True, digested=known is not None)
            if entity.name in fills:
                count.added, copies = self._stored(fills[entity.name].end)
                count.unchanged += copies
            else:
                self._merge_whole(work, count, known)
            self.intake.as_read.restore(self.connection, entity)
            count.quarantined = quarantine.keep(
                self.connection, entity, self.place.stream_id, self.orders.run_id, self.manifest.version
            )
            count.accepted = count.added + count.changed + count.unchanged
        quarantine.settle(self.connection, self.entities, self.place.stream_id, self.orders.run_id)
        # A table that is followed is swept by its snapshot alone, so what is held back needs another.
        if not (self.sweeping.held_back and self.manifest.follows):
            self.place.move(with_basis(last, self.manifest, self.name, self.outcome.problems))
        self.sweeping.confirm(at)
        self.observed.keep_shape(whole=True)

    def _confirm_unchanged(self, at: datetime) -> None:
        """The source says that nothing changed: what the store has was true at this time."""
        with self.connection.transaction():
            self.place.lock()
            self.place.confirm(at)
            for entity in self.entities:
                count = self.outcome.counts[entity.name]
                count.unchanged = count.accepted = held(self.connection, self._work(entity, at, whole=True))
        self.outcome.notes.append(f"{self.where}: not modified since the last read")

    def _merge_whole(self, work: Merge, count: Count, known: Known | None) -> None:
        if known is not None:
            unseen.note(self.connection, work, known)
        versions.rekey_items(self.connection, work)
        present = known.rows if known is not None else None
        deleted = self.sweeping.sweep(work, count.read, self.intake.done, present=present)
        merged = self._stored(lambda: merge(self.connection, work, deleted=deleted, guard=self.bounds))
        count.added, count.changed, count.deleted = merged.added, merged.changed, merged.deleted
        count.unchanged += merged.unchanged
        if merged.stale:
            self.outcome.notes.append(
                f"{self.where}: {merged.stale} rows of {work.entity.name} came with an older {self.stream.changed_at} than the"
                " store has, and were not taken: ask the owner whether the source was restored from a backup"
            )

    def _changes(self, state: State | None, at: datetime) -> None:
        """A read of what changed, committed as it goes. Of a source that fails, what it gave until then is kept."""
        batches = self.intake.batches(state)
        failure: SourceUnavailable | None = None
        with contextlib.closing(batches):
            batch, failure = _next(batches)
            while batch is not None:
                tokens: list[Any] = []
                began = datetime.now(UTC)
                with self.connection.transaction():
                    self.place.lock()
                    self.intake.as_read.forget()
                    last, failure = self._gather(batch, batches, tokens)
                    if failure and self.manifest.follows:
                        # It comes again: half of what was one transaction at the source is not shown meanwhile.
                        raise failure
                    self.intake.corrections(self.place.stream_id)
                    for entity in self.entities:
                        self._merge_changes(entity, began)
                    self.place.move(last)
                    if self.manifest.follows:
                        self.place.current(began)
                    self.observed.keep_shape(whole=False)
                    self.observed.keep()
                self.reader.acknowledge(tokens)
                batch, failure = (None, failure) if failure else _next(batches)
        if failure:
            raise failure
        if state is None:
            # It began at the beginning, so it has seen every key.
            self.place.confirm(at)
        else:
            self.place.current(at)

    def _gather(
        self, ready: Ready, batches: Iterator[Ready], tokens: list[Any]
    ) -> tuple[State | None, SourceUnavailable | None]:
        """Stage batches until it is time to commit. Returns where they lead, and why there are no more, if for a fault."""
        gathered, last = 0, None
        following: Ready | None = ready
        failure: SourceUnavailable | None = None
        while following is not None:
            self.intake.take(following)
            current = following.batch
            gathered += current.height
            last = current.state or last
            tokens += [] if current.token is None else [current.token]
            if current.taken:
                self.place.take(current.taken, self.orders.run_id)
            if current.commit or (gathered >= self.stream.commit_rows and current.state is not None):
                break
            following, failure = _next(batches)
        return last, failure

    def _merge_changes(self, entity: Entity, at: datetime) -> None:
        count = self.outcome.counts[entity.name]
        merged = self._stored(lambda: merge(self.connection, self._work(entity, at, whole=False), guard=self.bounds))
        count.added += merged.added
        count.changed += merged.changed
        count.unchanged += merged.unchanged
        count.deleted += merged.deleted
        count.accepted = count.added + count.changed + count.unchanged
        lists = len(self.stream.key) if self.stream.emits[entity.name].explode else 0
        quarantine.mended(self.connection, entity, self.place.stream_id, list_key_parts=lists)
        self.intake.as_read.restore(self.connection, entity)
        count.quarantined += quarantine.keep(
            self.connection, entity, self.place.stream_id, self.orders.run_id, self.manifest.version
        )

    def _sweep_by_keys(self, at: datetime) -> None:
        """Hold the store against every key that the source has; where keys alone cannot be had, a full read does it."""
        if not self.reader.lists_keys:
            self.preparation.sweeping = True
            self._whole(None, at)
            return
        with self.connection.transaction():
            self.place.lock()
            read = 0
            listing = self.reader.keys()
            for frame in listing:
                read += frame.height
                for entity in self.entities:
                    living = self.preparation.living(frame, entity)
                    stage.listed(self.connection, entity, living.select(mapping.source_key(self.stream)).to_series())
            for entity in self.entities:
                self._sweep_listed(entity, at, read)
            self.sweeping.confirm(at)

    def _sweep_listed(self, entity: Entity, at: datetime, read: int) -> None:
        work = self._work(entity, at, whole=True)
        self.outcome.counts[entity.name].deleted += self.sweeping.sweep(work, read, read, listed=True)

    def _known(self) -> Known:
        (entity,) = self.entities
        return Known.load(self.connection, entity, self.place.stream_id)

    def _work(self, entity: Entity, at: datetime, *, whole: bool, digested: bool = False) -> Merge:
        exploded = self.stream.emits[entity.name].explode is not None
        facts = (entity, self.place.stream_id, self.orders.run_id, at, whole, digested, exploded)
        return Merge(*facts, sweeps=self.stream.sweeps, key_parts=len(self.stream.key))

    def _stored(self, work: Callable[[], T]) -> T:
        started = time.monotonic()
        try:
            return work()
        finally:
            self.outcome.stored_s += time.monotonic() - started

    @property
    def where(self) -> str:
        """How messages name the stream."""
        return f"{self.manifest.name}.{self.name}"


def _next(batches: Iterator[Ready]) -> tuple[Ready | None, SourceUnavailable | None]:
    try:
        return next(batches, None), None
    except SourceUnavailable as failure:
        return None, failure
