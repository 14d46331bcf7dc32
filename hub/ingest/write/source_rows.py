"""Rows as they were read, until the commit: which of them have the key of another row is only known when all are in the store.

They are kept compressed, in memory up to MEMORY_BYTES and beyond that in a file without a name, which nobody else can open and
which ends with the process.
"""

import io
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from psycopg import Connection

from hub.ingest.quarantine.rejections import DUPLICATES
from hub.ingest.transform.map import DIGEST, NUMBER, SOURCE_KEY
from hub.ingest.transform.prepare import Part
from hub.ingest.write.stage import Staged, payloads_of
from hub.model.registry import Entity

MEMORY_BYTES = 32 << 20
OWN = {name: f"#{name}" for name in (NUMBER, SOURCE_KEY, DIGEST)}
"""Column of the store's own → its name beside the columns of a source."""


@dataclass(frozen=True)
class Packed:
    """The rows of one part of a batch, compressed."""

    entity: str
    content: bytes


def pack(part: Part) -> Packed | None:
    """The rows of a part that are staged; None where there are none."""
    if part.accepted.is_empty() or part.places is None:
        return None
    packed = io.BytesIO()
    part.rows.with_columns(part.places[name].alias(own) for name, own in OWN.items()).write_ipc(
        packed, compression="lz4"
    )
    return Packed(part.entity.name, packed.getvalue())


class AsRead:
    """The rows of one transaction as they were read."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(MEMORY_BYTES, prefix="hub-")  # noqa: SIM115  # closed by `close`
        self._blocks: list[tuple[str, int, int]] = []

    def add(self, packed: Packed) -> None:
        """Keep the rows of a part."""
        self._file.seek(0, io.SEEK_END)
        self._blocks.append((packed.entity, self._file.tell(), len(packed.content)))
        self._file.write(packed.content)

    def forget(self) -> None:
        """Let go of every row, after a commit."""
        self._blocks.clear()
        self._file.seek(0)
        self._file.truncate()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def restore(self, connection: Connection[Any], entity: Entity) -> None:
        """Put the rows that were set aside for their key into the rejects as they were read.

        A row of which the read has several by what is known of it stays as the mapping made it.
        """
        rejects = Staged(entity).rejects
        found = connection.execute(
            f"select identity, source_key, n, row_digest from {rejects} where rule = any(%s)", (list(DUPLICATES),)
        ).fetchall()
        if not found or not self._blocks:
            return
        schema = {"identity": pl.String, OWN[SOURCE_KEY]: pl.String, OWN[NUMBER]: pl.Int64, OWN[DIGEST]: pl.Int64}
        wanted = pl.DataFrame(found, schema=schema, orient="row")
        for rows in self._matching(entity, wanted):
            identities = rows["identity"].to_list()
            payloads = payloads_of(rows.drop("identity", *OWN.values()))
            connection.execute(
                f"update {rejects} r set payload = v.payload::jsonb from unnest(%s::text[], %s::text[]) v (identity, payload)"
                " where r.identity = v.identity and r.rule = any(%s)",
                (identities, payloads, list(DUPLICATES)),
            )

    def _matching(self, entity: Entity, wanted: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """The rows that were set aside, each with its identity."""
        matched = [self._of_block(block, wanted) for block in self._blocks if block[0] == entity.name]
        seen = pl.concat([rows["identity"] for rows in matched])
        twice = seen.filter(seen.is_duplicated()).implode()
        for rows in matched:
            once = rows.filter(~pl.col("identity").is_in(twice))
            if not once.is_empty():
                yield once

    def _of_block(self, block: tuple[str, int, int], wanted: pl.DataFrame) -> pl.DataFrame:
        _, offset, length = block
        self._file.seek(offset)
        rows = pl.read_ipc(io.BytesIO(self._file.read(length)))
        keys: Sequence[str] = [OWN[SOURCE_KEY], OWN[DIGEST]]
        placed = wanted.filter(pl.col(OWN[NUMBER]).is_not_null())
        loaded = wanted.filter(pl.col(OWN[NUMBER]).is_null()).drop(OWN[NUMBER])
        return pl.concat([rows.join(placed, on=[*keys, OWN[NUMBER]]), rows.join(loaded, on=keys)])
