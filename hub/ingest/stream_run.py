"""One stream within a run: read ahead in a thread, staged and merged here, committed with the place to go on from.

A whole read is one transaction: what it gives is seen at once, or not at all. A read of changes commits every so many rows; a
run that is killed loses nothing that was committed, and reads the rest again.
"""

import contextlib
import time
from collections.abc import Callable, Generator, Iterator
from datetime import UTC, datetime
from typing import Any, TypeVar

from psycopg import Connection

from hub.errors import SourceUnavailable
from hub.ingest import map as mapping
from hub.ingest import quarantine, stage
from hub.ingest.ahead import ahead
from hub.ingest.bounds import Bounds
from hub.ingest.digest import Known
from hub.ingest.load import Load, empty
from hub.ingest.merge import Merge, held, merge, sweep, swept
from hub.ingest.observed import Observed
from hub.ingest.outcome import Count, Orders, Outcome, Refused
from hub.ingest.place import Place
from hub.ingest.prepare import Part, Preparation, Prepared
from hub.ingest.read.base import Reader, State
from hub.model.registry import Entity, registry
from hub.sdk.manifest import Manifest
from hub.sdk.streams import Stream

AHEAD = 2
"""Batches that may wait to be copied: enough to overlap, few enough to bound memory."""
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
        self.done = 0
        self.held_back = False
        self.place = Place(connection, manifest.name, name)
        self.bounds = Bounds(connection, self.stream, self.place, orders)
        self.preparation = Preparation(manifest, name, self.place.shape)
        watch = self.preparation.watch
        self.observed = Observed(connection, self.stream, self.place, self.bounds, watch, self.outcome)

    def run(self) -> Outcome:
        """Read to the end. Raises SourceUnavailable, HubMisconfigured, Refused; what was committed stays."""
        started, clock = datetime.now(UTC), time.monotonic()
        state = None if self.orders.full else self.place.state
        # What is followed says itself when it has everything: a whole read of an inbox would be taken for a table's end.
        whole = (self.orders.full and not self.manifest.follows) or self.reader.whole(state)
        for entity in self.entities:
            stage.create(self.connection, entity)
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
        self.outcome.notes += self.reader.notes
        self.observed.settle(whole=whole, rows=self.done > 0)
        self.bounds.close()
        self.outcome.seconds = time.monotonic() - clock
        return self.outcome

    def refresh(self, wait_s: float) -> Outcome:
        """Rows that a reader asked for by key. They go in as changes do; the place of the stream stays where it is.

        Raises Interfered where a run of the stream goes on for longer than `wait_s` seconds.
        """
        for entity in self.entities:
            stage.create(self.connection, entity)
        with self.connection.transaction():
            self.place.hold(wait_s)
            for batch in self._ahead(self._prepared(None, None)):
                self._take(batch, {})
            self._corrections({})
            for entity in self.entities:
                self._merge_changes(entity, datetime.now(UTC))
            self.observed.keep()
        return self.outcome

    def _read(self, state: State | None, started: datetime, *, whole: bool) -> None:
        if whole:
            self._whole(state, started)
        else:
            self._changes(state, started)
            if self._sweep_due(started):
                self._sweep_by_keys(started)

    def _whole(self, state: State | None, at: datetime) -> None:
        """A read of everything, in one transaction."""
        tokens: list[Any] = []
        with self.connection.transaction():
            self.place.lock()
            fills = {e.name: Load(self.connection, self._work(e, at, whole=True)) for e in self.entities}
            fills = {name: fill for name, fill in fills.items() if empty(self.connection, fill.work.entity)}
            known = None if fills or not self.preparation.digested else self._known()
            for fill in fills.values():
                fill.begin()
            last = state
            for batch in self._ahead(self._prepared(None, known)):
                self._take(batch, fills)
                last = batch.state or last
                tokens += [] if batch.token is None else [batch.token]
            self._corrections(fills)
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
            count.quarantined = quarantine.keep(
                self.connection, entity, self.place.stream_id, self.orders.run_id, self.manifest.version
            )
            count.accepted = count.added + count.changed + count.unchanged
        quarantine.settle(self.connection, self.place.stream_id, self.orders.run_id)
        # A table that is followed is swept by its snapshot alone, so what is held back needs another.
        if not (self.held_back and self.manifest.follows):
            self.place.move(last)
        self._confirm(at)
        self.observed.keep_shape(whole=True)

    def _merge_whole(self, work: Merge, count: Count, known: Known | None) -> None:
        present = held(self.connection, work)
        self.bounds.believe(work, count.read, present)
        if known is not None:
            stage.unseen(self.connection, work.entity, known.unseen())
        deleted = self._swept(work, present) if self.stream.deletes == "sweep" else 0
        merged = self._stored(lambda: merge(self.connection, work, deleted=deleted))
        count.added, count.changed, count.deleted = merged.added, merged.changed, merged.deleted
        count.unchanged += merged.unchanged

    def _changes(self, state: State | None, at: datetime) -> None:
        """A read of what changed, committed as it goes. Of a source that fails, what it gave until then is kept."""
        batches = self._ahead(self._prepared(state, None))
        failure: SourceUnavailable | None = None
        with contextlib.closing(batches):
            batch, failure = _next(batches)
            while batch is not None:
                tokens: list[Any] = []
                began = datetime.now(UTC)
                with self.connection.transaction():
                    self.place.lock()
                    last, failure = self._gather(batch, batches, tokens)
                    if failure and self.manifest.follows:
                        # It comes again: half of what was one transaction at the source is not shown meanwhile.
                        raise failure
                    self._corrections({})
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
        self, batch: Prepared, batches: Iterator[Prepared], tokens: list[Any]
    ) -> tuple[State | None, SourceUnavailable | None]:
        """Stage batches until it is time to commit. Returns where they lead, and why there are no more, if for a fault."""
        gathered, last = 0, None
        current: Prepared | None = batch
        failure: SourceUnavailable | None = None
        while current is not None:
            self._take(current, {})
            gathered += current.height
            last = current.state or last
            tokens += [] if current.token is None else [current.token]
            if current.taken:
                self.place.take(current.taken, self.orders.run_id)
            if current.commit or (gathered >= self.stream.commit_rows and current.state is not None):
                break
            current, failure = _next(batches)
        return last, failure

    def _merge_changes(self, entity: Entity, at: datetime) -> None:
        count = self.outcome.counts[entity.name]
        merged = self._stored(lambda: merge(self.connection, self._work(entity, at, whole=False)))
        count.added += merged.added
        count.changed += merged.changed
        count.unchanged += merged.unchanged
        count.deleted += merged.deleted
        count.accepted = count.added + count.changed + count.unchanged
        quarantine.mended(self.connection, entity, self.place.stream_id)
        count.quarantined += quarantine.keep(
            self.connection, entity, self.place.stream_id, self.orders.run_id, self.manifest.version
        )

    def _sweep_due(self, now: datetime) -> bool:
        if self.stream.deletes != "sweep" or self.manifest.follows:
            return False
        confirmed = self.place.confirmed_at
        return confirmed is None or now - confirmed >= self.stream.sweep_every

    def _sweep_by_keys(self, at: datetime) -> None:
        """Hold the store against every key that the source has; where keys alone cannot be had, a full read does it."""
        if not self.reader.lists_keys:
            self._whole(None, at)
            return
        with self.connection.transaction():
            self.place.lock()
            read = 0
            listing = self.reader.keys()
            for frame in listing:
                keys = frame.select(mapping.source_key(self.stream)).to_series()
                read += len(keys)
                for entity in self.entities:
                    stage.listed(self.connection, entity, keys)
            for entity in self.entities:
                self._sweep_listed(entity, at, read)
            self._confirm(at)

    def _confirm(self, at: datetime) -> None:
        """Every key has been seen; where rows were held back, the next run has to look again."""
        if self.held_back:
            self.place.doubt(at)
        else:
            self.place.confirm(at)

    def _sweep_listed(self, entity: Entity, at: datetime, read: int) -> None:
        count = self.outcome.counts[entity.name]
        work = self._work(entity, at, whole=True)
        present = held(self.connection, work)
        self.bounds.believe(work, read, present)
        count.deleted += self._swept(work, present, listed=True)

    def _swept(self, work: Merge, present: int, *, listed: bool = False) -> int:
        """Remove what the source has no more, as far as that may be. Returns how many."""
        going = swept(self.connection, work, listed=listed)
        refused = self.bounds.may_delete(work, going, present) if going else None
        if refused:
            self.held_back = True
            self.outcome.problems.append(str(refused))
        return sweep(self.connection, work, listed=listed) if going and not refused else 0

    def _take(self, batch: Prepared, fills: dict[str, Load]) -> None:
        """Stage one prepared batch."""
        started = time.monotonic()
        self.observed.see(batch.drift)
        for part in batch.parts:
            count = self.outcome.counts[part.entity.name]
            count.read += part.read
            count.unchanged += part.known
            count.discarded += part.discarded
            self._put(part, fills)
            stage.reject(self.connection, part.entity, part.rejected, part.rows, part.keys)
            if part.gone is not None and not part.gone.is_empty():
                stage.gone(self.connection, part.entity, part.gone)
            if part.parents is not None:
                stage.parents(self.connection, part.entity, part.parents)
        self.done += batch.height
        if self.orders.progress:
            self.orders.progress(self.where, self.done)
        self.outcome.stored_s += time.monotonic() - started

    def _put(self, part: Part, fills: dict[str, Load]) -> None:
        """The accepted rows of a part: into the table that is being filled, or beside it."""
        if part.entity.name in fills and not part.accepted.is_empty():
            fills[part.entity.name].rows(part.accepted)
        elif not part.accepted.is_empty():
            stage.accept(self.connection, part.entity, part.accepted)

    def _prepared(self, state: State | None, known: Known | None) -> Iterator[Prepared]:
        for batch in self.reader.read(state):
            yield self.preparation.prepare(batch, known)

    def _ahead(self, batches: Iterator[Prepared]) -> "Generator[Prepared]":
        """The same batches, made in a thread a little ahead; what is waited for them is counted."""
        made = ahead(batches, AHEAD)
        try:
            while True:
                started = time.monotonic()
                batch = next(made, None)
                self.outcome.waited_s += time.monotonic() - started
                if batch is None:
                    return
                yield batch
        finally:
            # A reader that follows waits for more; whatever ended this here, it is not to wait any longer.
            if self.reader.context.follow is not None:
                self.reader.context.follow.set()
            made.close()

    def _corrections(self, fills: dict[str, Load]) -> None:
        """Rejected rows that a person has corrected go in after all."""
        for entity in self.entities:
            found = quarantine.corrected(self.connection, self.place.stream_id, entity)
            if found is None:
                continue
            part = self.preparation.again(entity, found.rows)
            self._put(part, fills)
            # Kept as the source sends them, so that the correction is still theirs.
            payloads = [found.payloads[row] for row in part.rejected["row"]]
            stage.reject_as(self.connection, entity, part.rejected, payloads, part.keys)

    def _known(self) -> Known:
        (entity,) = self.entities
        return Known.load(self.connection, entity, self.place.stream_id)

    def _work(self, entity: Entity, at: datetime, *, whole: bool, digested: bool = False) -> Merge:
        exploded = self.stream.emits[entity.name].explode is not None
        return Merge(entity, self.place.stream_id, self.orders.run_id, at, whole, digested, exploded)

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


def _next(batches: Iterator[Prepared]) -> tuple[Prepared | None, SourceUnavailable | None]:
    try:
        return next(batches, None), None
    except SourceUnavailable as failure:
        return None, failure
