"""One stream within a run: read ahead in a thread, staged and merged here, committed with the place to go on from.

A whole read is one transaction: what it gives is seen at once, or not at all. A read of changes commits every so many rows; a
run that is killed loses nothing that was committed, and reads the rest again.
"""

import contextlib
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
from psycopg import Connection

from hub.errors import HubError, SourceUnavailable
from hub.ingest import approve, quarantine, stage
from hub.ingest import map as mapping
from hub.ingest.ahead import ahead
from hub.ingest.approve import Question
from hub.ingest.digest import Known
from hub.ingest.load import Load, empty
from hub.ingest.merge import FEW, Merge, held, merge, sweep, swept
from hub.ingest.prepare import Preparation, Prepared
from hub.ingest.read.base import Reader, State, Taken
from hub.model.registry import Entity, registry
from hub.sdk.manifest import Manifest
from hub.sdk.streams import Stream

AHEAD = 2
"""Batches that may wait to be copied: enough to overlap, few enough to bound memory."""

Progress = Callable[[str, int], None]
"""Told the name of a stream, and how many rows of it have been read so far."""


class Refused(HubError):
    """The run does not dare to do this without a person."""

    code = "WAITS_FOR_APPROVAL"

    def __init__(self, question: Question, number: int | None = None) -> None:
        self.question = question
        super().__init__(question.reason, next_step=f"ask the owner, then `hub runs approve {number}` or `refuse`")


class Interfered(HubError):
    """Another run moved the cursor of this stream."""


@dataclass
class Count:
    """One kind of record of one stream, by what happened to its rows. It grows while the stream is read."""

    stream: str
    entity: str
    read: int = 0
    accepted: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    quarantined: int = 0


@dataclass(frozen=True)
class Orders:
    """What a run was told to do."""

    run_id: int
    full: bool = False
    accept_deletes: bool = False
    progress: Progress | None = None


@dataclass
class Outcome:
    """What became of a stream: counts, what was refused, what was other than declared, seconds by where they went."""

    counts: dict[str, Count]
    problems: list[str] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)
    seconds: float = 0.0
    waited_s: float = 0.0
    stored_s: float = 0.0


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
        self.preparation = Preparation(manifest, name)
        self.asked: set[tuple[str, str | None]] = set()
        self.done = 0
        self.stream_id, self.state, self.confirmed_at = _stream(connection, manifest.name, name)

    def run(self) -> Outcome:
        """Read to the end. Raises SourceUnavailable, HubMisconfigured, Refused; what was committed stays."""
        started, clock = datetime.now(UTC), time.monotonic()
        state = None if self.orders.full else self.state
        whole = self.orders.full or self.reader.whole(state)
        for entity in self.entities:
            stage.create(self.connection, entity)
        try:
            self._read(state, started, whole=whole)
        except Refused as refused:
            # Its transaction is rolled back; the question stays.
            raise Refused(refused.question, self._ask(refused.question)) from None
        approve.withdraw(self.connection, self.stream_id, self.orders.run_id, self.asked)
        self.outcome.seconds = time.monotonic() - clock
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
            self._lock()
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
        for entity in self.entities:
            count = self.outcome.counts[entity.name]
            work = self._work(entity, at, whole=True, digested=known is not None)
            if entity.name in fills:
                count.added, _ = self._stored(fills[entity.name].end)
            else:
                self._merge_whole(work, count, known)
            count.quarantined = quarantine.keep(
                self.connection, entity, self.stream_id, self.orders.run_id, self.manifest.version
            )
            count.accepted = count.added + count.changed + count.unchanged
        quarantine.settle(self.connection, self.stream_id, self.orders.run_id)
        self._note(at, last, confirmed=True)

    def _merge_whole(self, work: Merge, count: Count, known: Known | None) -> None:
        present = held(self.connection, work)
        self._hold_to_bounds(work, count, present)
        if known is not None:
            stage.unseen(self.connection, work.entity, known.unseen())
        deleted = 0
        if self._sweeps():
            going = swept(self.connection, work)
            if going and self._may_delete(work, going, present):
                deleted = sweep(self.connection, work)
        merged = self._stored(lambda: merge(self.connection, work, deleted=deleted))
        count.added, count.changed, count.deleted = merged.added, merged.changed, merged.deleted
        count.unchanged += merged.unchanged

    def _hold_to_bounds(self, work: Merge, count: Count, present: int) -> None:
        """A full read that gives nothing, or far less than before where nothing is swept, is not believed."""
        if self.orders.accept_deletes or not present:
            return
        least = 1 if self._sweeps() or present <= FEW else present * (1 - self.stream.max_shrunk)
        if count.read >= least:
            return
        question = Question(
            "SHRUNK",
            f"{self.where}: {work.entity.name}: the source gave {count.read} rows where the store has {present};"
            " nothing was changed in the store",
            work.entity.name,
            count.read,
            present,
        )
        if not approve.allowed(self.connection, self.stream_id, self.orders.run_id, question):
            raise Refused(question)

    def _may_delete(self, work: Merge, going: int, present: int) -> bool:
        bounded = going <= FEW or going <= present * self.stream.max_deleted
        if bounded or self.orders.accept_deletes:
            return True
        question = Question(
            "DELETES",
            f"{self.where}: {work.entity.name}: the source no longer has {going} of {present} rows, more than the"
            " manifest allows; they were not deleted",
            work.entity.name,
            going,
            present,
        )
        if approve.allowed(self.connection, self.stream_id, self.orders.run_id, question):
            return True
        self.outcome.problems.append(str(Refused(question, self._ask(question))))
        return False

    def _ask(self, question: Question) -> int:
        self.asked.add((question.kind, question.entity))
        return approve.ask(self.connection, self.stream_id, self.orders.run_id, question)

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
                    self._lock()
                    last, failure = self._gather(batch, batches, tokens)
                    self._corrections({})
                    for entity in self.entities:
                        self._merge_changes(entity, began)
                    self._note(began, last, confirmed=False)
                self.reader.acknowledge(tokens)
                batch, failure = (None, failure) if failure else _next(batches)
        if failure:
            raise failure
        self._note_end(at)
        if state is None:
            # It began at the beginning, so it has seen every key.
            self.connection.execute("update hub.stream set confirmed_at = %s where id = %s", (at, self.stream_id))
            self.confirmed_at = at

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
                _keep_file(self.connection, self.stream_id, self.orders.run_id, current.taken)
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
        quarantine.mended(self.connection, entity, self.stream_id)
        count.quarantined += quarantine.keep(
            self.connection, entity, self.stream_id, self.orders.run_id, self.manifest.version
        )

    def _sweep_due(self, now: datetime) -> bool:
        if self.stream.deletes != "sweep" or self.manifest.follows:
            return False
        return self.confirmed_at is None or now - self.confirmed_at >= self.stream.sweep_every

    def _sweep_by_keys(self, at: datetime) -> None:
        """Hold the store against every key that the source has; where keys alone cannot be had, a full read does it."""
        if not self.reader.lists_keys:
            self._whole(None, at)
            return
        with self.connection.transaction():
            self._lock()
            read = 0
            listing = self.reader.keys()
            for frame in listing:
                keys = frame.select(mapping.source_key(self.stream)).to_series()
                read += len(keys)
                for entity in self.entities:
                    stage.listed(self.connection, entity, keys)
            for entity in self.entities:
                self._sweep_listed(entity, at, read)
            self._note(at, None, confirmed=True)

    def _sweep_listed(self, entity: Entity, at: datetime, read: int) -> None:
        count = self.outcome.counts[entity.name]
        work = self._work(entity, at, whole=True)
        present = held(self.connection, work)
        self._hold_to_bounds(work, Count(self.name, entity.name, read=read), present)
        going = swept(self.connection, work, listed=True)
        if going and self._may_delete(work, going, present):
            count.deleted += sweep(self.connection, work, listed=True)

    def _sweeps(self) -> bool:
        """Whether rows that a whole read lacks go. A table that is followed is swept by its snapshot."""
        return self.stream.deletes == "sweep"

    def _take(self, batch: Prepared, fills: dict[str, Load]) -> None:
        """Stage one prepared batch."""
        started = time.monotonic()
        self.outcome.drift += [words for words in batch.drift if words not in self.outcome.drift]
        for part in batch.parts:
            count = self.outcome.counts[part.entity.name]
            count.read += part.read
            count.unchanged += part.known
            if part.entity.name in fills:
                fills[part.entity.name].rows(part.accepted)
            elif not part.accepted.is_empty():
                stage.accept(self.connection, part.entity, part.accepted)
            stage.reject(self.connection, part.entity, part.rejected, part.rows, part.keys)
            if part.gone is not None and not part.gone.is_empty():
                stage.gone(self.connection, part.entity, part.gone)
            if part.parents is not None:
                stage.parents(self.connection, part.entity, part.parents)
        self.done += batch.height
        if self.orders.progress:
            self.orders.progress(self.where, self.done)
        self.outcome.stored_s += time.monotonic() - started

    def _prepared(self, state: State | None, known: Known | None) -> Iterator[Prepared]:
        for batch in self.reader.read(state):
            yield self.preparation.prepare(batch, known)

    def _ahead(self, batches: Iterator[Prepared]) -> "Generator[Prepared]":
        """The same batches, made in a thread a little ahead; what is waited for them is counted."""
        made = ahead(batches, AHEAD)
        with contextlib.closing(made):
            while True:
                started = time.monotonic()
                batch = next(made, None)
                self.outcome.waited_s += time.monotonic() - started
                if batch is None:
                    return
                yield batch

    def _corrections(self, fills: dict[str, Load]) -> None:
        """Rejected rows that a person has corrected go in after all."""
        for entity in self.entities:
            rows = quarantine.corrected(self.connection, self.stream_id, entity)
            if rows is None:
                continue
            part = self.preparation.again(entity, rows)
            if entity.name in fills:
                fills[entity.name].rows(part.accepted)
            else:
                stage.accept(self.connection, entity, part.accepted)
            stage.reject(self.connection, entity, part.rejected, part.rows, part.keys)

    def _known(self) -> Known:
        (entity,) = self.entities
        return Known.load(self.connection, entity, self.stream_id)

    def _work(self, entity: Entity, at: datetime, *, whole: bool, digested: bool = False) -> Merge:
        exploded = self.stream.emits[entity.name].explode is not None
        return Merge(entity, self.stream_id, self.orders.run_id, at, whole, digested, exploded)

    def _stored(self, work: Callable[[], Any]) -> Any:
        started = time.monotonic()
        try:
            return work()
        finally:
            self.outcome.stored_s += time.monotonic() - started

    def _lock(self) -> None:
        """Hold the stream for this transaction. Raises Interfered where another run has moved its cursor."""
        row = self.connection.execute(
            "select cursor from hub.stream where id = %s for no key update", (self.stream_id,)
        ).fetchone()
        if row is None or row[0] != self.state:
            raise Interfered(
                f"{self.where}: another run moved its cursor", next_step="run `hub sync` again; nothing was lost"
            )

    def _note(self, at: datetime, state: State | None, *, confirmed: bool) -> None:
        """Move the cursor, in the transaction that writes the rows."""
        self.state = dict(state) if state is not None else self.state
        self.connection.execute(
            "update hub.stream set cursor = %s, as_of = case when %s then %s else as_of end,"
            " confirmed_at = case when %s then %s else confirmed_at end where id = %s",
            (_json(self.state), confirmed, at, confirmed, at, self.stream_id),
        )
        if confirmed:
            self.confirmed_at = at
        elif self.manifest.follows:
            self._note_end(at)

    def _note_end(self, at: datetime) -> None:
        """A read of changes came to its end: everything until its start is in the store."""
        self.connection.execute("update hub.stream set as_of = %s where id = %s", (at, self.stream_id))

    @property
    def where(self) -> str:
        """How messages name the stream."""
        return f"{self.manifest.name}.{self.name}"


def _next(batches: Iterator[Prepared]) -> tuple[Prepared | None, SourceUnavailable | None]:
    try:
        return next(batches, None), None
    except SourceUnavailable as failure:
        return None, failure


def _stream(connection: Connection[Any], connector: str, name: str) -> tuple[int, State | None, datetime | None]:
    """The stream's number, its cursor, and when all of its keys were last seen; it is made where there is none."""
    connection.execute(
        "insert into hub.stream (connector, name) values (%s, %s) on conflict (connector, name) do nothing",
        (connector, name),
    )
    row = connection.execute(
        "select id, cursor, confirmed_at from hub.stream where connector = %s and name = %s", (connector, name)
    ).fetchone()
    assert row is not None  # just made
    return row[0], row[1], row[2]


def _keep_file(connection: Connection[Any], stream_id: int, run_id: int, taken: Taken) -> None:
    connection.execute(
        "insert into hub.file (stream_id, digest, name, size, run_id) values (%s, %s, %s, %s, %s)"
        " on conflict do nothing",
        (stream_id, taken.digest, taken.name, taken.size, run_id),
    )


def _json(state: State | None) -> str | None:
    return None if state is None else orjson.dumps(state).decode()
