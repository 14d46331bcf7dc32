"""Prepare: a batch as a source gave it becomes what is staged, one part for each kind of record. Pure but for what it counts.

Patch → transform → hold against the declared columns → set deletions apart → pass over what is known by digest → choose,
unfold, map → check.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from hub.errors import SourceUnavailable
from hub.ingest import map as mapping
from hub.ingest.check import check
from hub.ingest.digest import Known, digests, seed_of
from hub.ingest.discover import transform, transform_source
from hub.ingest.read.base import OWN_COLUMNS, Batch, State, Taken
from hub.ingest.search import with_search_keys
from hub.model.registry import Entity, registry
from hub.sdk.manifest import Manifest
from hub.sdk.mapping import Condition

DELETED = Condition(column="_op", values=("D",))
"""How a followed table marks a deleted row."""


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
    parents: pl.Series | None = None


@dataclass(frozen=True)
class Prepared:
    """A batch made ready for the store."""

    parts: tuple[Part, ...]
    height: int
    drift: tuple[str, ...]
    state: State | None
    token: Any
    taken: Taken | None
    commit: bool


class Preparation:
    """Makes the batches of one read ready. It numbers rows as they come."""

    def __init__(self, manifest: Manifest, name: str) -> None:
        self.manifest = manifest
        self.name = name
        self.stream = manifest.streams[name]
        self.where = f"{manifest.name}.{name}"
        self.entities = [registry()[entity] for entity in self.stream.emits]
        self.transform = transform(manifest)
        emits = tuple(self.stream.emits.values())
        # With several kinds of record, or lists, or choice, one digest cannot say that all of a row's records are there.
        self.digested = len(emits) == 1 and emits[0].explode is None and emits[0].when is None
        self.seed = seed_of(manifest, name, transform_source(manifest)) if self.digested else 0
        self.tombstone = DELETED if manifest.kind == "cdc" else self.stream.tombstone
        self.numbered = 0

    def prepare(self, batch: Batch, known: Known | None) -> Prepared:
        """Make a batch ready; with `known`, rows that the store has just so are counted and go no further."""
        raw = batch.frame
        drift = self._drift(raw.columns)
        frame = self._changed(mapping.patched(raw, self.stream))
        frame = self._numbered(self._complete(frame))
        height = frame.height
        frame, gone = self._parted(frame)
        if self.digested:
            frame = self._digested(frame)
        passed = 0
        if known is not None:
            seen = known.see(frame[mapping.READ_DIGEST])
            passed = int(seen.sum())
            frame = frame.filter(~seen)
        parts = tuple(self._part(entity, frame, passed, gone) for entity in self.entities)
        return Prepared(parts, height, drift, batch.state, batch.token, batch.taken, batch.commit)

    def again(self, entity: Entity, rows: pl.DataFrame) -> Part:
        """Rows of one kind of record that were rejected before, as they were kept, made ready once more."""
        if mapping.POSITION not in rows.columns and self.stream.emits[entity.name].explode:
            rows = rows.with_columns(pl.lit(0, pl.Int64).alias(mapping.POSITION))
        return self._checked(entity, self._numbered(self._complete(rows)), len(rows), 0)

    def _part(self, entity: Entity, frame: pl.DataFrame, passed: int, gone: pl.DataFrame | None) -> Part:
        emit = self.stream.emits[entity.name]
        chosen = mapping.chosen(frame, emit)
        parents = None
        if emit.explode:
            parents = chosen.select(mapping.source_key(self.stream)).to_series()
        rows = mapping.unfold(chosen, emit)
        part = self._checked(entity, rows, rows.height + passed, passed)
        return Part(
            entity, part.read, passed, part.accepted, part.rejected, part.rows, part.keys, gone=gone, parents=parents
        )

    def _checked(self, entity: Entity, rows: pl.DataFrame, read: int, passed: int) -> Part:
        canonical = mapping.mapped(rows, self.stream, entity)
        checked = check(canonical, entity)
        kept = rows.drop(mapping.READ_DIGEST, mapping.READ_NUMBER, strict=False)
        accepted = with_search_keys(checked.accepted, entity)
        return Part(entity, read, passed, accepted, checked.rejected, kept, canonical[mapping.SOURCE_KEY])

    def _numbered(self, frame: pl.DataFrame) -> pl.DataFrame:
        first = self.numbered
        self.numbered += frame.height
        return frame.with_columns(pl.int_range(first, self.numbered, eager=True).alias(mapping.READ_NUMBER))

    def _changed(self, frame: pl.DataFrame) -> pl.DataFrame:
        if self.transform is None:
            return frame
        try:
            return self.transform(self.name, frame.lazy()).collect()
        except Exception as error:
            # Whatever its code raises; the message may quote a value, so the kind alone is told.
            raise SourceUnavailable(
                f"{self.where}: transform.py fails on what was read: {type(error).__name__}",
                next_step="ask the owner whether columns changed; `hub connector preview` shows the rows",
            ) from None

    def _complete(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Events leave out what they have no value for; from other sources a missing column is a fault."""
        if self.manifest.kind in ("stream", "push"):
            absent = mapping.missing(self.stream, frame.columns)
            return frame.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)
        mapping.require(self.where, self.stream, frame.columns)
        return frame

    def _parted(self, frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Rows, and the keys of those that are marked as deleted."""
        if self.tombstone is None:
            return frame, None
        marked = frame.select(
            pl.col(self.tombstone.column).cast(pl.String).is_in(self.tombstone.values).fill_null(value=False)
        ).to_series()
        numbered = frame.filter(marked).select(
            pl.col(mapping.READ_NUMBER).alias(mapping.NUMBER),
            mapping.source_key(self.stream),
            mapping.changed_at(self.stream),
        )
        if self.manifest.kind == "cdc":
            # A deleted row comes with its key alone.
            numbered = numbered.with_columns(pl.lit(None, pl.String).alias(mapping.CHANGED_AT))
        return frame.filter(~marked), numbered

    def _digested(self, frame: pl.DataFrame) -> pl.DataFrame:
        columns = sorted(self.stream.columns() & set(frame.columns))
        return frame.with_columns(digests(frame, columns, self.seed).alias(mapping.READ_DIGEST))

    def _drift(self, columns: Sequence[str]) -> tuple[str, ...]:
        found = mapping.unexpected(self.stream, [c for c in columns if c not in OWN_COLUMNS])
        return tuple(f"{self.where}: column {column} is neither mapped nor ignored" for column in found)
