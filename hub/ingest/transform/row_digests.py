"""Digests: what tells a row that is as it was from one that has to be looked at. A second full read is mostly such rows.

The digest of a row covers the columns that are mapped, its key, and by its seed everything the row is read by: manifest,
transform, the value types and units of the schema, this program's version. Whatever of that changes, every row is looked at
again. Digests have 64 bits: of a million changed rows against five million stored ones, one is taken for unchanged with a
probability of 3 × 10⁻⁷ (docs/decisions/0007).
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
from hub.model.registry import Entity, registry
from hub.sdk.manifest import Manifest
from hub.store.query import fetch_value
from schema import units

READING = 2
"""Counted up where the program reads the same text otherwise than before, so that every row is looked at again."""
PARTS = 16
WHOLE_BYTES = 4 << 30
"""One value of PostgreSQL holds a gigabyte at most, so the digests of a table larger than this come in parts. As one value they
are gathered by several processes at once, which takes a third of the time.
"""


def seed_of(manifest: Manifest, name: str, transform: bytes) -> int:
    """The seed of a stream's digests; `transform` is the source of its transform."""
    stream = manifest.streams[name]
    entities = [_facts(registry()[entity]) for entity in stream.emits]
    # What may change without a row being read otherwise is left out: names, schedules, limits.
    read_by = stream.model_dump(
        mode="json", include={"key", "changed_at", "patches", "drift", "emits", "tombstone", "text_encoding"}
    )
    zone = manifest.source.timezone
    facts = orjson.dumps([read_by, entities, _units(), version("cross-sector-hub"), pl.__version__, zone, READING])
    return int.from_bytes(hashlib.sha256(facts + transform).digest()[:8], "big")


def digests(frame: pl.DataFrame, columns: Sequence[str], seed: int) -> pl.Series:
    """The digest of each row over these columns, as signed 64-bit numbers; never 0, which stands for none."""
    text = frame.select(pl.col(name).cast(pl.String) for name in columns)
    found = text.hash_rows(seed).reinterpret(signed=True)
    return found.set(found == 0, 1)


class Known:
    """The digests that the store has of a stream, and which of them a read has seen."""

    def __init__(self, values: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> None:
        # numpy's own unique hashes, which takes 30 times as long as a sort.
        ordered = np.sort(values)
        self.values = ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]]
        self.rows = len(values)
        """How many rows the store has of the stream."""
        self.repeated = pl.Series(np.unique(ordered[1:][ordered[1:] == ordered[:-1]]), dtype=pl.Int64)
        """Digests that several of its rows have."""
        self.seen = np.zeros(len(self.values), dtype=np.bool_)

    @classmethod
    def load(cls, connection: Connection[Any], entity: Entity, stream_id: int) -> "Known":
        """From the store: eight bytes a row."""
        table = f"data.{quote_identifier(entity.table)}"
        with connection.cursor(binary=True) as cursor:
            size = fetch_value(cursor, "select pg_relation_size(%s::regclass)", (table,))
            parts = cursor.execute(
                f"select string_agg(int8send(row_digest), ''::bytea) from {table} where stream_id = %s"  # noqa: S608 constants and quoted identifiers
                + (f" group by row_digest & {PARTS - 1}" if size > WHOLE_BYTES else ""),
                (stream_id,),
            ).fetchall()
        arrays = [np.frombuffer(part[0], dtype=">i8").astype(np.int64) for part in parts if part[0] is not None]
        return cls(np.concatenate(arrays) if arrays else np.empty(0, dtype=np.int64))

    def see(self, found: pl.Series) -> pl.Series:
        """Which of these are known; they count as seen from now on."""
        if not len(self.values):
            return pl.repeat(value=False, n=len(found), eager=True)
        wanted = found.to_numpy()
        # In order, since neighbours are found in what the processor has at hand: 4 times as fast, the sort included.
        order = np.argsort(wanted)
        at = np.empty(len(wanted), dtype=np.intp)
        at[order] = np.minimum(np.searchsorted(self.values, wanted[order]), len(self.values) - 1)
        known = self.values[at] == wanted
        self.seen[at[known]] = True
        return pl.Series(known)

    def unseen(self) -> pl.Series:
        """Those that the read has not seen: rows that changed or are gone."""
        return pl.Series("digest", self.values[~self.seen])


def _facts(entity: Entity) -> list[object]:
    return [[c.name, c.nullable, c.unique, c.value.__name__, _plain(c.value)] for c in entity.columns]


def _plain(value: type) -> dict[str, str]:
    """What a value type says in plain values; its methods belong to the program's version."""
    kinds = (str, int, float, bool, tuple, dict, type(None))
    merged = {k: v for base in reversed(value.__mro__) for k, v in vars(base).items() if not k.startswith("__")}
    return {name: repr(fact) for name, fact in sorted(merged.items()) if isinstance(fact, kinds)}


@cache
def _units() -> str:
    return hashlib.sha256(repr(sorted(units.eras().items())).encode()).hexdigest()
