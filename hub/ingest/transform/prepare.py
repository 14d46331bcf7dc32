"""Prepare: turn a batch from a source into rows ready to stage, one part per entity. Pure, except that it numbers rows.

Order: patch, transform, compare with the declared columns and the last read, separate deletions, skip rows known by
digest, filter, unfold, map, check.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from hub.errors import SourceUnavailable
from hub.ingest.connectors import load_transform, read_transform_source
from hub.ingest.drift.detect import DriftDetector, DriftFinding, StreamShape
from hub.ingest.read.reader import RAW_COLUMN, READER_COLUMNS, ReadBatch, ReadState, TakenFile
from hub.ingest.transform import map as mapping
from hub.ingest.transform.check import UNREADABLE_RULE, check_rows
from hub.ingest.transform.row_digests import KnownDigests, compute_digests, compute_seed
from hub.ingest.transform.search_keys import add_search_keys
from hub.ingest.values.cells import Cells, find_ambiguous_fields, require_items, require_scalars
from hub.ingest.values.distinct_values import apply_to_distinct
from hub.ingest.values.vietnamese_codecs import repair_text
from hub.model.registry import Entity, load_registry
from hub.sdk.manifest import Manifest
from hub.sdk.mapping import Condition, Emit
from hub.sdk.streams import Stream

CDC_DELETED = Condition(column="_op", values=("D",))
"""How change data capture marks a deleted row."""


def repair_encoding(frame: pl.DataFrame, stream: Stream) -> pl.DataFrame:
    """Restore texts that were decoded with the wrong encoding. Keys and lists are left unchanged."""
    encoding = stream.text_encoding
    if encoding is None:
        return frame
    texts = [name for name, kind in frame.schema.items() if kind == pl.String and name not in stream.key]

    def repair_columns(values: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame(
            [
                pl.Series(column.name, [v if v is None else repair_text(v, encoding) for v in column], pl.String)
                for column in values
            ]
        )

    return frame.with_columns(apply_to_distinct(frame.select(texts), repair_columns).get_columns())


@dataclass(frozen=True)
class PreparedPart:
    """The rows of one entity in a batch.

    `accepted` has `n`, source key, change time, digest and canonical text. `rejected` names rows of `rows` by position,
    and `keys` holds the source keys of `rows`. `known` counts rows that the store already has unchanged.
    """

    entity: Entity
    read: int
    known: int
    accepted: pl.DataFrame
    rejected: pl.DataFrame
    rows: pl.DataFrame
    keys: pl.Series
    gone: pl.DataFrame | None = None
    unmet: pl.DataFrame | None = None
    """Keys of rows that do not become this entity; deleted like `gone`."""
    parents: pl.DataFrame | None = None
    """`n`, key and change time of the rows whose list was unfolded."""
    discarded: int = 0
    """Invalid values that became null."""
    identities: pl.DataFrame | None = None
    """`n`, source key and digest of `rows`."""
    incidental: tuple[str, ...] = ()
    """Columns of `rows` that are not part of the record: rows that differ only in these are equal."""


@dataclass(frozen=True)
class PreparedBatch:
    """A batch that is ready to stage."""

    parts: tuple[PreparedPart, ...]
    height: int
    drift: tuple[DriftFinding, ...]
    state: ReadState | None
    token: Any
    taken: TakenFile | None
    commit: bool


class BatchPreparer:
    """Prepares the batches of one read: numbers rows as they arrive and compares them with the shape `before` for
    drift.
    """

    def __init__(self, manifest: Manifest, name: str, before: StreamShape) -> None:
        self.manifest = manifest
        self.name = name
        self.stream = manifest.streams[name]
        self.where = f"{manifest.name}.{name}"
        self.zone = manifest.source.timezone
        self.entities = [load_registry()[entity] for entity in self.stream.emits]
        self.transform = load_transform(manifest)
        emits = tuple(self.stream.emits.values())
        # With several entities, lists or conditions, one digest cannot tell whether all records of a row are in the
        # store.
        self.digested = len(emits) == 1 and emits[0].explode is None and emits[0].when is None
        self.seed = compute_seed(manifest, name, read_transform_source(manifest)) if self.digested else 0
        self.detector = DriftDetector(manifest, name, before)
        self.tombstone = CDC_DELETED if manifest.kind == "cdc" else self.stream.tombstone
        self.numbered = 0
        self.sweeping = False
        """Whether a sweep follows that deletes everything not read, so that rows failing `when` need not be listed."""

    def prepare(self, batch: ReadBatch, known: KnownDigests | None) -> PreparedBatch:
        """Prepare a batch. With `known`, rows that the store already has unchanged are counted and skipped."""
        raw = repair_encoding(batch.frame, self.stream)
        require_scalars(self.manifest, self.name, raw, before=True)
        frame = self._apply_transform(mapping.apply_patches(raw, self.stream))
        drift = list(self.detector.check_batch(raw, frame))
        require_scalars(self.manifest, self.name, frame)
        frame = self._number_rows(self._complete_columns(frame))
        height = frame.height
        frame, unread = self._separate_records(frame)
        frame, gone = self._separate_deleted(frame)
        if self.digested:
            frame = self._add_digests(frame)
        passed = 0
        if known is not None:
            seen = known.mark_seen(frame[mapping.READ_DIGEST])
            passed = int(seen.sum())
            frame = frame.filter(~seen)
        parts = [self._prepare_part(entity, frame, passed, gone, drift) for entity in self.entities]
        if not unread.is_empty():
            parts.append(self._quarantine_messages(unread))
        return PreparedBatch(tuple(parts), height, tuple(drift), batch.state, batch.token, batch.taken, batch.commit)

    def filter_living(self, frame: pl.DataFrame, entity: Entity) -> pl.DataFrame:
        """Keep the listed rows that are living records of this entity.

        `frame` has their keys and the columns that say whether they are deleted. If a transform may change those
        columns, every listed row counts as living.
        """
        emit = self.stream.emits[entity.name]
        frame = mapping.apply_patches(frame, self.stream)
        if self.transform is not None or not self.stream.list_choosing_columns() <= set(frame.columns):
            return frame
        if self.tombstone is not None:
            frame = frame.filter(~mapping.meets_condition(self.tombstone))
        return mapping.filter_chosen(frame, emit)

    def prepare_rejected(self, entity: Entity, rows: pl.DataFrame) -> PreparedPart:
        """Prepare rows of one entity that were rejected earlier, from their quarantined payloads.

        They are patched but not transformed again: the payload is the output of the transform. For lists, the rows are
        items.
        """
        rows = self._add_absent_columns(mapping.apply_patches(rows, self.stream))
        require_items(self.manifest, self.name, entity.name, rows)
        rows = self._number_rows(mapping.add_item_keys(rows, self.stream, self.stream.emits[entity.name]))
        part, _, _ = self._map_and_check(entity, rows, len(rows), 0)
        return part

    def _prepare_part(
        self, entity: Entity, frame: pl.DataFrame, passed: int, gone: pl.DataFrame | None, drift: list[DriftFinding]
    ) -> PreparedPart:
        emit = self.stream.emits[entity.name]
        chosen = mapping.filter_chosen(frame, emit)
        unmet = None if self.sweeping else mapping.find_unmet_keys(frame, self.stream, emit, self.zone)
        parents = mapping.select_keys(chosen, self.stream, self.zone) if emit.explode else None
        unfolded = mapping.unfold_list(chosen, emit)
        require_items(self.manifest, self.name, entity.name, unfolded)
        rows = mapping.select_items(unfolded, self.stream, emit)
        part, canonical, faults = self._map_and_check(entity, rows, rows.height + passed, passed)
        drift += self.detector.check_codes(entity, canonical, faults)
        return replace(part, gone=gone, unmet=unmet, parents=parents)

    def _map_and_check(
        self, entity: Entity, rows: pl.DataFrame, read: int, passed: int
    ) -> tuple[PreparedPart, pl.DataFrame, pl.DataFrame]:
        """Return the part for these rows, their mapped values, and which field breaks which rule."""
        canonical = mapping.map_rows(rows, self.stream, entity, self.zone)
        emit = self.stream.emits[entity.name]
        several = find_ambiguous_fields(rows, emit, Cells(rows.schema, self.stream.has_lists))
        discard = self.stream.drift == "discard_value"
        checked = check_rows(canonical, entity, emit=emit, discard=discard, ambiguous=several)
        kept = rows.drop(mapping.READ_DIGEST, mapping.READ_NUMBER, mapping.ITEM_KEY, strict=False)
        accepted = add_search_keys(checked.accepted, entity)
        keys = canonical[mapping.SOURCE_KEY]
        facts = (entity, read, passed, accepted, checked.rejected, kept, keys)
        places = canonical.select(mapping.ROW_NUMBER, mapping.SOURCE_KEY, mapping.ROW_DIGEST)
        part = PreparedPart(
            *facts, discarded=checked.discarded, identities=places, incidental=self._list_incidental(emit, kept.columns)
        )
        return part, canonical, checked.faults

    def _list_incidental(self, emit: Emit, columns: Sequence[str]) -> tuple[str, ...]:
        """Return incidental columns: for a message, those that its carrier adds; for an item, those that its row has
        for other records.
        """
        carried = (
            (READER_COLUMNS if self.manifest.kind in ("stream", "cdc") else set())
            - self.stream.list_columns()
            - {RAW_COLUMN}
        )
        if emit.explode is None:
            return tuple(column for column in columns if column in carried)
        read = {column for made in emit.fields.values() for column in self.stream.list_columns_of(made)} | set(
            self.stream.key
        )
        return tuple(column for column in columns if column not in read and not emit.is_in_item(column))

    def _number_rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        first = self.numbered
        self.numbered += frame.height
        return frame.with_columns(pl.int_range(first, self.numbered, eager=True).alias(mapping.READ_NUMBER))

    def _apply_transform(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self.transform is None:
            return frame
        try:
            return self.transform(self.name, frame.lazy()).collect()
        except pl.exceptions.ColumnNotFoundError:
            raise SourceUnavailable(
                f"{self.where}: the connector's transform.py reads a column that the source lacks",
                next_step="ask the owner whether it was renamed, then correct transform.py; the store is unchanged",
            ) from None
        except Exception as error:
            # The code may raise anything, and its message may quote a value, so report only the exception type.
            raise SourceUnavailable(
                f"{self.where}: transform.py failed on a batch: {type(error).__name__}",
                next_step="ask the owner whether columns changed; `hub connector preview` shows the rows",
            ) from None

    def _complete_columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Add absent columns to events, which omit empty values. For other sources a missing column is drift or an
        error.
        """
        if self.manifest.kind in ("stream", "push"):
            return self._add_absent_columns(frame)
        mapping.require_columns(self.where, self.stream, frame.columns, self.detector.renamed)
        return frame

    def _separate_records(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Separate rows from messages that are not records."""
        if RAW_COLUMN not in frame.columns:
            return frame, frame.clear()
        return frame.filter(pl.col(RAW_COLUMN).is_null()), frame.filter(pl.col(RAW_COLUMN).is_not_null())

    def _quarantine_messages(self, messages: pl.DataFrame) -> PreparedPart:
        """Quarantine messages that are not records as they arrived, whatever the stream filters or unfolds."""
        positions = pl.int_range(messages.height, dtype=pl.UInt32, eager=True).alias("row")
        rejected = positions.to_frame().with_columns(
            pl.lit(RAW_COLUMN).alias("field"),
            pl.lit(UNREADABLE_RULE).alias("rule"),
            pl.lit("the message is not a record").alias("reason"),
        )
        kept = messages.drop(mapping.READ_DIGEST, mapping.READ_NUMBER, strict=False)
        keys = pl.repeat(None, messages.height, dtype=pl.String, eager=True)
        beside = tuple(column for column in kept.columns if column in READER_COLUMNS - {RAW_COLUMN})
        return PreparedPart(
            self.entities[0], messages.height, 0, pl.DataFrame(), rejected, kept, keys, incidental=beside
        )

    def _add_absent_columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        absent = mapping.find_missing_columns(self.stream, frame.columns)
        lists = self.stream.find_list_columns()
        return frame.with_columns(pl.lit(None, pl.Null if c in lists else pl.String).alias(c) for c in absent)

    def _separate_deleted(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Separate rows from the keys of those marked as deleted."""
        if self.tombstone is None:
            return frame, None
        marked = frame.select(mapping.meets_condition(self.tombstone)).to_series()
        numbered = mapping.select_keys(frame.filter(marked), self.stream, self.zone)
        if self.manifest.kind == "cdc":
            # A deleted row arrives with its key only.
            numbered = numbered.with_columns(pl.lit(None, pl.String).alias(mapping.CHANGED_AT))
        return frame.filter(~marked), numbered

    def _add_digests(self, frame: pl.DataFrame) -> pl.DataFrame:
        columns = sorted((self.stream.list_columns() & set(frame.columns)) - self.stream.find_list_columns())
        read = frame.select(*columns, *Cells(frame.schema, self.stream.has_lists).list_values(self.stream))
        return frame.with_columns(compute_digests(read, read.columns, self.seed).alias(mapping.READ_DIGEST))
