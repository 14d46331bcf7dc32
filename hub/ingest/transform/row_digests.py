"""Row digests: tell unchanged rows from rows that must be processed. Most rows of a second full read are unchanged.

A row's digest covers its mapped columns and its key. The seed covers everything else that determines the result:
manifest, transform, the value types and units of the schema, and the program version. If any of that changes, every row
is processed again. Digests have 64 bits: with a million changed rows against five million stored ones, the probability
that one is mistaken for unchanged is 3 × 10⁻⁷ (docs/decisions/0007).
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np
import orjson
import polars as pl
from psycopg import Connection

from hub.model.names import quote_identifier
from hub.model.registry import Entity, load_registry
from hub.sdk.manifest import Manifest
from hub.store.query import fetch_value
from schema import units

READING_VERSION = 2
"""Increase this when the program starts to read the same text differently, so that every row is processed again."""
DIGEST_PARTS = 16
LARGEST_WHOLE_BYTES = 4 << 30
"""A PostgreSQL value is limited to one gigabyte, so the digests of a larger table are fetched in parts. A single value
is gathered by parallel workers, in a third of the time.
"""


def compute_seed(manifest: Manifest, name: str, transform: bytes) -> int:
    """Return the digest seed of a stream. `transform` is the source of its transform."""
    stream = manifest.streams[name]
    entities = [_describe_columns(load_registry()[entity]) for entity in stream.emits]
    # Names, schedules and limits are left out: changing them does not change how a row is read.
    read_by = stream.model_dump(
        mode="json", include={"key", "changed_at", "patches", "drift", "emits", "tombstone", "text_encoding"}
    )
    zone = manifest.source.timezone
    facts = orjson.dumps(
        [read_by, entities, _digest_units(), _program_version(), pl.__version__, zone, READING_VERSION]
    )
    return int.from_bytes(hashlib.sha256(facts + transform).digest()[:8], "big")


def compute_digests(frame: pl.DataFrame, columns: Sequence[str], seed: int) -> pl.Series:
    """Return each row's digest over these columns as a signed 64-bit number; never 0, which means no digest."""
    text = frame.select(pl.col(name).cast(pl.String) for name in columns)
    found = text.hash_rows(seed).reinterpret(signed=True)
    return found.set(found == 0, 1)


class KnownDigests:
    """The digests that the store has for a stream, and which of them a read has seen."""

    def __init__(self, values: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> None:
        # numpy's own `unique` hashes, which takes 30 times as long as sorting.
        ordered = np.sort(values)
        self.values = ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]]
        self.rows = len(values)
        """Number of rows that the store has for the stream."""
        self.repeated = pl.Series(np.unique(ordered[1:][ordered[1:] == ordered[:-1]]), dtype=pl.Int64)
        """Digests shared by several rows."""
        self.seen = np.zeros(len(self.values), dtype=np.bool_)

    @classmethod
    def load(cls, connection: Connection[Any], entity: Entity, stream_id: int) -> "KnownDigests":
        """Load the digests from the store: eight bytes per row."""
        table = f"data.{quote_identifier(entity.table)}"
        with connection.cursor(binary=True) as cursor:
            size = fetch_value(cursor, "select pg_relation_size(%s::regclass)", (table,))
            parts = cursor.execute(
                f"select string_agg(int8send(row_digest), ''::bytea) from {table} where stream_id = %s"  # noqa: S608 constants and quoted identifiers
                + (f" group by row_digest & {DIGEST_PARTS - 1}" if size > LARGEST_WHOLE_BYTES else ""),
                (stream_id,),
            ).fetchall()
        arrays = [np.frombuffer(part[0], dtype=">i8").astype(np.int64) for part in parts if part[0] is not None]
        return cls(np.concatenate(arrays) if arrays else np.empty(0, dtype=np.int64))

    def mark_seen(self, found: pl.Series) -> pl.Series:
        """Return which digests are known, and mark those as seen."""
        if not len(self.values):
            return pl.repeat(value=False, n=len(found), eager=True)
        wanted = found.to_numpy()
        # Look up in sorted order, so that neighbours are in the processor's cache: 4 times as fast, including the sort.
        order = np.argsort(wanted)
        at = np.empty(len(wanted), dtype=np.intp)
        at[order] = np.minimum(np.searchsorted(self.values, wanted[order]), len(self.values) - 1)
        known = self.values[at] == wanted
        self.seen[at[known]] = True
        return pl.Series(known)

    def list_unseen(self) -> pl.Series:
        """Return the digests that the read has not seen: rows that changed or were deleted."""
        return pl.Series("digest", self.values[~self.seen])


@cache
def _program_version() -> str:
    """Return the hub's version, looked up once: each look-up parses the package's metadata, more than half of what a seed takes."""
    return version("cross-sector-hub")


@cache
def _describe_columns(entity: Entity) -> list[object]:
    return [[c.name, c.nullable, c.unique, c.value.__name__, _describe_value_type(c.value)] for c in entity.columns]


def _describe_value_type(value: type) -> dict[str, str]:
    """Return the plain attributes of a value type. Its methods are covered by the program version."""
    kinds = (str, int, float, bool, tuple, dict, type(None))
    merged = {k: v for base in reversed(value.__mro__) for k, v in vars(base).items() if not k.startswith("__")}
    return {name: repr(fact) for name, fact in sorted(merged.items()) if isinstance(fact, kinds)}


@cache
def _digest_units() -> str:
    return hashlib.sha256(repr(sorted(units.read_eras().items())).encode()).hexdigest()
