"""Intake: prepare the batches of a reader in a background thread, and stage them here. Nothing is merged or committed.

While PostgreSQL takes the rows of one batch, the next is read, mapped, checked and encoded for COPY, so that two
processors are busy.
"""

import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection

from hub.ingest.drift.observer import DriftObserver
from hub.ingest.quarantine import rejections as quarantine
from hub.ingest.read.reader import Reader, ReadState
from hub.ingest.run.outcome import RunOptions, StreamOutcome
from hub.ingest.run.prefetch import compute_ahead
from hub.ingest.transform.map import ROW_NUMBER
from hub.ingest.transform.prepare import BatchPreparer, PreparedBatch, PreparedPart
from hub.ingest.transform.row_digests import KnownDigests
from hub.ingest.write import stage
from hub.ingest.write.initial_load import InitialLoad
from hub.ingest.write.source_rows import PackedRows, SourceRows, pack_rows
from hub.ingest.write.stage import CopyText

PREFETCH_BATCHES = 2
"""Batches that may wait to be copied: enough to overlap, few enough to bound memory."""
NO_LOADS: Mapping[str, InitialLoad] = {}


@dataclass(frozen=True)
class ReadyBatch:
    """A prepared batch with the accepted rows of each part encoded for COPY; None for a part without any."""

    batch: PreparedBatch
    texts: tuple[CopyText | None, ...]
    source_rows: tuple[PackedRows | None, ...]


class Intake:
    """Stages what one stream delivers. `loads` are the tables that are loaded directly, by entity."""

    def __init__(
        self,
        connection: Connection[Any],
        reader: Reader,
        preparation: BatchPreparer,
        observed: DriftObserver,
        orders: RunOptions,
        outcome: StreamOutcome,
    ) -> None:
        self.connection, self.reader, self.preparer = connection, reader, preparation
        self.observer, self.options, self.outcome = observed, orders, outcome
        self.loads = NO_LOADS
        self.source_rows = SourceRows()
        self.rows_read = 0

    def read_batches(self, state: ReadState | None, known: KnownDigests | None = None) -> Generator[ReadyBatch]:
        """Yield the batches of a read, prefetched. The time spent waiting for them is counted."""
        made = compute_ahead(self._encode_batches(state, known), PREFETCH_BATCHES)
        try:
            while True:
                started = time.monotonic()
                batch = next(made, None)
                self.outcome.waited_s += time.monotonic() - started
                if batch is None:
                    return
                yield batch
        finally:
            # A reader that follows waits for more: whatever ended this loop, make it stop waiting.
            if self.reader.context.follow is not None:
                self.reader.context.follow.set()
            made.close()

    def stage_batch(self, ready: ReadyBatch) -> None:
        """Stage one batch."""
        started = time.monotonic()
        self.observer.observe(ready.batch.drift)
        for packed in ready.source_rows:
            if packed is not None:
                self.source_rows.add(packed)
        for part, text in zip(ready.batch.parts, ready.texts, strict=True):
            count = self.outcome.counts[part.entity.name]
            count.read += part.read
            count.unchanged += part.known
            count.discarded += part.discarded
            self._write_accepted(part, text)
            stage.stage_rejected(self.connection, part.entity, part.rejected, part.rows, part.keys, part.incidental)
            if part.gone is not None and not part.gone.is_empty():
                stage.stage_deleted(self.connection, part.entity, part.gone)
            if part.unmet is not None and not part.unmet.is_empty():
                stage.stage_deleted(self.connection, part.entity, part.unmet, unmet=True)
            if part.parents is not None:
                stage.stage_parents(self.connection, part.entity, part.parents)
        self.rows_read += ready.batch.height
        if self.options.progress:
            self.options.progress(self.preparer.where, self.rows_read)
        self.outcome.stored_s += time.monotonic() - started

    def stage_corrections(self, stream_id: int) -> None:
        """Stage rejected rows that a person has corrected."""
        for entity in self.preparer.entities:
            quarantine.rebind_identities(self.connection, entity, stream_id)
            found = quarantine.take_corrected(self.connection, stream_id, entity)
            if found is None:
                continue
            part = self.preparer.prepare_rejected(entity, found.rows)
            self._write_accepted(part, self._encode_part(part))
            # Keep the payload as the source sends it, so that the correction still applies to it.
            payloads = [found.payloads[row] for row in part.rejected["row"]]
            stage.stage_rejected_payloads(self.connection, entity, part.rejected, payloads, part.keys, part.incidental)

    def _encode_batches(self, state: ReadState | None, known: KnownDigests | None) -> Iterator[ReadyBatch]:
        for batch in self.reader.read(state):
            prepared = self.preparer.prepare(batch, known)
            texts = tuple(self._encode_part(part) for part in prepared.parts)
            # Drop the encoded frames here: batches wait as text only.
            packed = tuple(pack_rows(part) for part in prepared.parts)
            parts = tuple(replace(part, accepted=part.accepted.clear(), identities=None) for part in prepared.parts)
            yield ReadyBatch(replace(prepared, parts=parts), texts, packed)

    def _encode_part(self, part: PreparedPart) -> CopyText | None:
        if part.accepted.is_empty():
            return None
        left_out = {ROW_NUMBER} if part.entity.name in self.loads else set()
        return stage.encode_copy(part.accepted, [name for name in part.accepted.columns if name not in left_out])

    def _write_accepted(self, part: PreparedPart, text: CopyText | None) -> None:
        """Write the accepted rows of a part: into the table that is being loaded, or into staging."""
        if text is None:
            return
        if part.entity.name in self.loads:
            self.loads[part.entity.name].copy_rows(text)
        else:
            stage.stage_accepted(self.connection, part.entity, text)
