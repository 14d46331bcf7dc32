"""Prepare: a batch as a source gave it becomes what is staged, one part for each kind of record. Pure but for what it counts.

Patch → transform → hold against the declared columns and the last read → set deletions apart → pass over what is known by digest → choose,
unfold, map → check.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from hub.errors import SourceUnavailable
from hub.ingest.connectors import transform, transform_source
from hub.ingest.drift.detect import Finding, Shape, Watch
from hub.ingest.read.reader import OWN_COLUMNS, RAW, Batch, State, Taken
from hub.ingest.transform import map as mapping
from hub.ingest.transform.check import check
from hub.ingest.transform.row_digests import Known, digests, seed_of
from hub.ingest.transform.search_keys import with_search_keys
from hub.ingest.values.cells import Cells, ambiguous, require_items, require_scalars
from hub.ingest.values.distinct_values import by_distinct
from hub.ingest.values.vietnamese_codecs import repaired
from hub.model.registry import Entity, registry
from hub.sdk.manifest import Manifest
from hub.sdk.mapping import Condition, Emit
from hub.sdk.streams import Stream

DELETED = Condition(column="_op", values=("D",))
"""How a followed table marks a deleted row."""


def with_letters(frame: pl.DataFrame, stream: Stream) -> pl.DataFrame:
    """A frame whose texts were taken for another encoding, in the letters that were meant. Keys and lists stay as they are."""
    encoding = stream.text_encoding
    if encoding is None:
        return frame
    texts = [name for name, kind in frame.schema.items() if kind == pl.String and name not in stream.key]

    def read(values: pl.Series) -> pl.DataFrame:
        return pl.DataFrame(
            [pl.Series(values.name, [v if v is None else repaired(v, encoding) for v in values], pl.String)]
        )

    return frame.with_columns(by_distinct(frame[name], read)[name] for name in texts)


@dataclass(frozen=True)
class Part:
    """What a batch gives of one kind of record.

    `accepted` has `n`, source key, time of change, digest and canonical text; `rejected` names rows of `rows` by position, and
    `keys` are the source keys of `rows`. `known` counts rows that the store has just so.
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
    """Keys of rows that do not become this kind of record: as `gone`."""
    parents: pl.DataFrame | None = None
    """`n`, key and time of change of the rows whose list was unfolded."""
    discarded: int = 0
    """Values that broke a rule and became null."""
    places: pl.DataFrame | None = None
    """`n`, source key and digest of `rows`."""
    beside: tuple[str, ...] = ()
    """Columns of `rows` that stand beside what a row says: one that differs only there is the same row."""


@dataclass(frozen=True)
class Prepared:
    """A batch made ready for the store."""

    parts: tuple[Part, ...]
    height: int
    drift: tuple[Finding, ...]
    state: State | None
    token: Any
    taken: Taken | None
    commit: bool


class Preparation:
    """Makes the batches of one read ready. It numbers rows as they come, and watches for drift from the shape `before`."""

    def __init__(self, manifest: Manifest, name: str, before: Shape) -> None:
        self.manifest = manifest
        self.name = name
        self.stream = manifest.streams[name]
        self.where = f"{manifest.name}.{name}"
        self.zone = manifest.source.timezone
        self.entities = [registry()[entity] for entity in self.stream.emits]
        self.transform = transform(manifest)
        emits = tuple(self.stream.emits.values())
        # With several kinds of record, or lists, or choice, one digest cannot say that all of a row's records are there.
        self.digested = len(emits) == 1 and emits[0].explode is None and emits[0].when is None
        self.seed = seed_of(manifest, name, transform_source(manifest)) if self.digested else 0
        self.watch = Watch(manifest, name, before)
        self.tombstone = DELETED if manifest.kind == "cdc" else self.stream.tombstone
        self.numbered = 0
        self.sweeping = False
        """Whether a sweep follows that removes what is not read, so that rows which do not meet `when` need not be named."""

    def prepare(self, batch: Batch, known: Known | None) -> Prepared:
        """Make a batch ready; with `known`, rows that the store has just so are counted and go no further."""
        raw = with_letters(batch.frame, self.stream)
        require_scalars(self.manifest, self.name, raw, before=True)
        frame = self._changed(mapping.patched(raw, self.stream))
        drift = list(self.watch.see(raw, frame))
        require_scalars(self.manifest, self.name, frame)
        frame = self._numbered(self._complete(frame))
        height = frame.height
        frame, unread = self._records(frame)
        frame, gone = self._parted(frame)
        if self.digested:
            frame = self._digested(frame)
        passed = 0
        if known is not None:
            seen = known.see(frame[mapping.READ_DIGEST])
            passed = int(seen.sum())
            frame = frame.filter(~seen)
        parts = [self._part(entity, frame, passed, gone, drift) for entity in self.entities]
        if not unread.is_empty():
            parts.append(self._unread(unread))
        return Prepared(tuple(parts), height, tuple(drift), batch.state, batch.token, batch.taken, batch.commit)

    def living(self, frame: pl.DataFrame, entity: Entity) -> pl.DataFrame:
        """Of listed rows, with their keys and the columns that say whether they live, those that are of this kind of record.

        Where a transform may make those columns, every row that is listed counts as living.
        """
        emit = self.stream.emits[entity.name]
        frame = mapping.patched(frame, self.stream)
        if self.transform is not None or not self.stream.chosen_by() <= set(frame.columns):
            return frame
        if self.tombstone is not None:
            frame = frame.filter(~mapping.meets(self.tombstone))
        return mapping.chosen(frame, emit)

    def again(self, entity: Entity, rows: pl.DataFrame) -> Part:
        """Rows of one kind of record that were rejected before, as they were kept, made ready once more.

        They are patched, not transformed: what is kept is what the transform gave. Of a list, they are its items.
        """
        rows = self._filled(mapping.patched(rows, self.stream))
        require_items(self.manifest, self.name, entity.name, rows)
        rows = self._numbered(mapping.with_items(rows, self.stream, self.stream.emits[entity.name]))
        part, _, _ = self._checked(entity, rows, len(rows), 0)
        return part

    def _part(
        self, entity: Entity, frame: pl.DataFrame, passed: int, gone: pl.DataFrame | None, drift: list[Finding]
    ) -> Part:
        emit = self.stream.emits[entity.name]
        chosen = mapping.chosen(frame, emit)
        unmet = None if self.sweeping else mapping.unmet(frame, self.stream, emit, self.zone)
        parents = mapping.keys(chosen, self.stream, self.zone) if emit.explode else None
        unfolded = mapping.unfold(chosen, emit)
        require_items(self.manifest, self.name, entity.name, unfolded)
        rows = mapping.items(unfolded, self.stream, emit)
        part, canonical, faults = self._checked(entity, rows, rows.height + passed, passed)
        drift += self.watch.codes(entity, canonical, faults)
        return replace(part, gone=gone, unmet=unmet, parents=parents)

    def _checked(
        self, entity: Entity, rows: pl.DataFrame, read: int, passed: int
    ) -> tuple[Part, pl.DataFrame, pl.DataFrame]:
        """The part of these rows; what the mapping made of them, and which of their fields break which rule."""
        canonical = mapping.mapped(rows, self.stream, entity, self.zone)
        emit = self.stream.emits[entity.name]
        several = ambiguous(rows, emit, Cells(rows.schema, self.stream.has_lists))
        discard = self.stream.drift == "discard_value"
        checked = check(canonical, entity, emit=emit, discard=discard, ambiguous=several)
        kept = rows.drop(mapping.READ_DIGEST, mapping.READ_NUMBER, mapping.ITEM, strict=False)
        accepted = with_search_keys(checked.accepted, entity)
        keys = canonical[mapping.SOURCE_KEY]
        facts = (entity, read, passed, accepted, checked.rejected, kept, keys)
        places = canonical.select(mapping.NUMBER, mapping.SOURCE_KEY, mapping.DIGEST)
        part = Part(*facts, discarded=checked.discarded, places=places, beside=self._beside(emit, kept.columns))
        return part, canonical, checked.faults

    def _beside(self, emit: Emit, columns: Sequence[str]) -> tuple[str, ...]:
        """Of a message, what its carrier adds; of an item, what the row that holds its list has for others."""
        carried = (OWN_COLUMNS if self.manifest.kind in ("stream", "cdc") else set()) - self.stream.columns() - {RAW}
        if emit.explode is None:
            return tuple(column for column in columns if column in carried)
        read = {column for made in emit.fields.values() for column in self.stream.columns_of(made)} | set(
            self.stream.key
        )
        return tuple(column for column in columns if column not in read and not emit.in_item(column))

    def _numbered(self, frame: pl.DataFrame) -> pl.DataFrame:
        first = self.numbered
        self.numbered += frame.height
        return frame.with_columns(pl.int_range(first, self.numbered, eager=True).alias(mapping.READ_NUMBER))

    def _changed(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self.transform is None:
            return frame
        try:
            return self.transform(self.name, frame.lazy()).collect()
        except pl.exceptions.ColumnNotFoundError:
            raise SourceUnavailable(
                f"{self.where}: the source lacks a column that the connector's transform.py reads",
                next_step="ask the owner whether it was renamed, then correct transform.py; nothing was changed in the store",
            ) from None
        except Exception as error:
            # Whatever its code raises; the message may quote a value, so the kind alone is told.
            raise SourceUnavailable(
                f"{self.where}: transform.py fails on what was read: {type(error).__name__}",
                next_step="ask the owner whether columns changed; `hub connector preview` shows the rows",
            ) from None

    def _complete(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Events leave out what they have no value for; from other sources a missing column is drift, or a fault."""
        if self.manifest.kind in ("stream", "push"):
            return self._filled(frame)
        mapping.require(self.where, self.stream, frame.columns, self.watch.renamed)
        return frame

    def _records(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Rows, and messages that were none."""
        if RAW not in frame.columns:
            return frame, frame.clear()
        return frame.filter(pl.col(RAW).is_null()), frame.filter(pl.col(RAW).is_not_null())

    def _unread(self, messages: pl.DataFrame) -> Part:
        """Messages that were no records, whatever a stream chooses or unfolds: they wait for a person as they came."""
        positions = pl.int_range(messages.height, dtype=pl.UInt32, eager=True).alias("row")
        rejected = positions.to_frame().with_columns(
            pl.lit(RAW).alias("field"),
            pl.lit("unreadable").alias("rule"),
            pl.lit("the message is no record").alias("reason"),
        )
        kept = messages.drop(mapping.READ_DIGEST, mapping.READ_NUMBER, strict=False)
        keys = pl.repeat(None, messages.height, dtype=pl.String, eager=True)
        beside = tuple(column for column in kept.columns if column in OWN_COLUMNS - {RAW})
        return Part(self.entities[0], messages.height, 0, pl.DataFrame(), rejected, kept, keys, beside=beside)

    def _filled(self, frame: pl.DataFrame) -> pl.DataFrame:
        absent = mapping.missing(self.stream, frame.columns)
        lists = self.stream.list_columns()
        return frame.with_columns(pl.lit(None, pl.Null if c in lists else pl.String).alias(c) for c in absent)

    def _parted(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Rows, and the keys of those that are marked as deleted."""
        if self.tombstone is None:
            return frame, None
        marked = frame.select(mapping.meets(self.tombstone)).to_series()
        numbered = mapping.keys(frame.filter(marked), self.stream, self.zone)
        if self.manifest.kind == "cdc":
            # A deleted row comes with its key alone.
            numbered = numbered.with_columns(pl.lit(None, pl.String).alias(mapping.CHANGED_AT))
        return frame.filter(~marked), numbered

    def _digested(self, frame: pl.DataFrame) -> pl.DataFrame:
        columns = sorted((self.stream.columns() & set(frame.columns)) - self.stream.list_columns())
        read = frame.select(*columns, *Cells(frame.schema, self.stream.has_lists).within_lists(self.stream))
        return frame.with_columns(digests(read, read.columns, self.seed).alias(mapping.READ_DIGEST))
