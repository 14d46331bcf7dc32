"""Intake: the batches of a reader, made ready ahead in a thread, and staged here. Nothing is merged or committed.

While PostgreSQL takes the rows of one batch, the next is read, mapped, checked and written as COPY reads it: of two processors
each has its own.
"""

import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection

from hub.ingest.drift.observer import Observed
from hub.ingest.quarantine import rejections as quarantine
from hub.ingest.read.reader import Reader, State
from hub.ingest.run.outcome import Orders, Outcome
from hub.ingest.run.prefetch import ahead
from hub.ingest.transform.map import NUMBER
from hub.ingest.transform.prepare import Part, Preparation, Prepared
from hub.ingest.transform.row_digests import Known
from hub.ingest.write import stage
from hub.ingest.write.initial_load import Load
from hub.ingest.write.source_rows import AsRead, Packed, pack
from hub.ingest.write.stage import Written

AHEAD = 2
"""Batches that may wait to be copied: enough to overlap, few enough to bound memory."""
NO_FILLS: Mapping[str, Load] = {}


@dataclass(frozen=True)
class Ready:
    """A prepared batch, and beside each of its parts the accepted rows as COPY reads them; None where it has none."""

    batch: Prepared
    texts: tuple[Written | None, ...]
    as_read: tuple[Packed | None, ...]


class Intake:
    """Takes in what one stream gives. `fills` are the tables that are filled directly, by kind of record."""

    def __init__(
        self,
        connection: Connection[Any],
        reader: Reader,
        preparation: Preparation,
        observed: Observed,
        orders: Orders,
        outcome: Outcome,
    ) -> None:
        self.connection, self.reader, self.preparation = connection, reader, preparation
        self.observed, self.orders, self.outcome = observed, orders, outcome
        self.fills = NO_FILLS
        self.as_read = AsRead()
        self.done = 0

    def batches(self, state: State | None, known: Known | None = None) -> Generator[Ready]:
        """The batches of a read, a little ahead; what is waited for them is counted."""
        made = ahead(self._ready(state, known), AHEAD)
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

    def take(self, ready: Ready) -> None:
        """Stage one batch."""
        started = time.monotonic()
        self.observed.see(ready.batch.drift)
        for packed in ready.as_read:
            if packed is not None:
                self.as_read.add(packed)
        for part, text in zip(ready.batch.parts, ready.texts, strict=True):
            count = self.outcome.counts[part.entity.name]
            count.read += part.read
            count.unchanged += part.known
            count.discarded += part.discarded
            self._put(part, text)
            stage.reject(self.connection, part.entity, part.rejected, part.rows, part.keys, part.beside)
            if part.gone is not None and not part.gone.is_empty():
                stage.gone(self.connection, part.entity, part.gone)
            if part.unmet is not None and not part.unmet.is_empty():
                stage.gone(self.connection, part.entity, part.unmet, unmet=True)
            if part.parents is not None:
                stage.parents(self.connection, part.entity, part.parents)
        self.done += ready.batch.height
        if self.orders.progress:
            self.orders.progress(self.preparation.where, self.done)
        self.outcome.stored_s += time.monotonic() - started

    def corrections(self, stream_id: int) -> None:
        """Rejected rows that a person has corrected go in after all."""
        for entity in self.preparation.entities:
            quarantine.rebind(self.connection, entity, stream_id)
            found = quarantine.corrected(self.connection, stream_id, entity)
            if found is None:
                continue
            part = self.preparation.again(entity, found.rows)
            self._put(part, self._written(part))
            # Kept as the source sends them, so that the correction is still theirs.
            payloads = [found.payloads[row] for row in part.rejected["row"]]
            stage.reject_as(self.connection, entity, part.rejected, payloads, part.keys, part.beside)

    def _ready(self, state: State | None, known: Known | None) -> Iterator[Ready]:
        for batch in self.reader.read(state):
            prepared = self.preparation.prepare(batch, known)
            texts = tuple(self._written(part) for part in prepared.parts)
            # The frames of what is written are let go of here: batches wait as text alone.
            packed = tuple(pack(part) for part in prepared.parts)
            parts = tuple(replace(part, accepted=part.accepted.clear(), places=None) for part in prepared.parts)
            yield Ready(replace(prepared, parts=parts), texts, packed)

    def _written(self, part: Part) -> Written | None:
        if part.accepted.is_empty():
            return None
        left_out = {NUMBER} if part.entity.name in self.fills else set()
        return stage.written(part.accepted, [name for name in part.accepted.columns if name not in left_out])

    def _put(self, part: Part, text: Written | None) -> None:
        """The accepted rows of a part: into the table that is being filled, or beside it."""
        if text is None:
            return
        if part.entity.name in self.fills:
            self.fills[part.entity.name].rows(text)
        else:
            stage.accept(self.connection, part.entity, text)
