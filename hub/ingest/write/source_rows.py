"""Source rows, kept until the commit: only once all rows are staged is it known which of them share a key.

They are kept compressed: up to MEMORY_BYTES in memory, beyond that in an unnamed file that nobody else can open and
that ends with the process.
"""

import io
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from psycopg import Connection

from hub.ingest.quarantine.rejections import DUPLICATE_RULES
from hub.ingest.transform.map import ROW_DIGEST, ROW_NUMBER, SOURCE_KEY
from hub.ingest.transform.prepare import PreparedPart
from hub.ingest.write.stage import StagingTables, encode_payloads
from hub.model.registry import Entity

MEMORY_BYTES = 32 << 20
OWN_COLUMN_NAMES = {name: f"#{name}" for name in (ROW_NUMBER, SOURCE_KEY, ROW_DIGEST)}
"""Column of the hub's own → its name beside the columns of a source."""


@dataclass(frozen=True)
class PackedRows:
    """The rows of one part of a batch, compressed."""

    entity: str
    content: bytes


def pack_rows(part: PreparedPart) -> PackedRows | None:
    """Compress the rows of a part that are staged. None if there are none."""
    if part.accepted.is_empty() or part.identities is None:
        return None
    packed = io.BytesIO()
    part.rows.with_columns(part.identities[name].alias(own) for name, own in OWN_COLUMN_NAMES.items()).write_ipc(
        packed, compression="lz4"
    )
    return PackedRows(part.entity.name, packed.getvalue())


class SourceRows:
    """The rows of one transaction as the source gave them."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(MEMORY_BYTES, prefix="hub-")  # noqa: SIM115  # closed by `close`
        self._blocks: list[tuple[str, int, int]] = []

    def add(self, packed: PackedRows) -> None:
        """Keep the rows of a part."""
        self._file.seek(0, io.SEEK_END)
        self._blocks.append((packed.entity, self._file.tell(), len(packed.content)))
        self._file.write(packed.content)

    def clear(self) -> None:
        """Drop all rows, after a commit."""
        self._blocks.clear()
        self._file.seek(0)
        self._file.truncate()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def restore_payloads(self, connection: Connection[Any], entity: Entity) -> None:
        """Restore the payloads of rows that were set aside for a duplicate key: as the source gave them.

        If a read has several rows that cannot be told apart, their payload stays in the mapped form.
        """
        rejects = StagingTables(entity).rejects
        found = connection.execute(
            f"select identity, source_key, n, row_digest from {rejects} where rule = any(%s)", (list(DUPLICATE_RULES),)
        ).fetchall()
        if not found or not self._blocks:
            return
        schema = {
            "identity": pl.String,
            OWN_COLUMN_NAMES[SOURCE_KEY]: pl.String,
            OWN_COLUMN_NAMES[ROW_NUMBER]: pl.Int64,
            OWN_COLUMN_NAMES[ROW_DIGEST]: pl.Int64,
        }
        wanted = pl.DataFrame(found, schema=schema, orient="row")
        for rows in self._match_rows(entity, wanted):
            identities = rows["identity"].to_list()
            payloads = encode_payloads(rows.drop("identity", *OWN_COLUMN_NAMES.values()))
            connection.execute(
                f"update {rejects} r set payload = v.payload::jsonb from unnest(%s::text[], %s::text[]) v (identity, payload)"
                " where r.identity = v.identity and r.rule = any(%s)",
                (identities, payloads, list(DUPLICATE_RULES)),
            )

    def _match_rows(self, entity: Entity, wanted: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Yield the rows that were set aside, each with its identity."""
        matched = [self._match_block(block, wanted) for block in self._blocks if block[0] == entity.name]
        seen = pl.concat([rows["identity"] for rows in matched])
        twice = seen.filter(seen.is_duplicated()).implode()
        for rows in matched:
            once = rows.filter(~pl.col("identity").is_in(twice))
            if not once.is_empty():
                yield once

    def _match_block(self, block: tuple[str, int, int], wanted: pl.DataFrame) -> pl.DataFrame:
        _, offset, length = block
        self._file.seek(offset)
        rows = pl.read_ipc(io.BytesIO(self._file.read(length)))
        keys: Sequence[str] = [OWN_COLUMN_NAMES[SOURCE_KEY], OWN_COLUMN_NAMES[ROW_DIGEST]]
        placed = wanted.filter(pl.col(OWN_COLUMN_NAMES[ROW_NUMBER]).is_not_null())
        loaded = wanted.filter(pl.col(OWN_COLUMN_NAMES[ROW_NUMBER]).is_null()).drop(OWN_COLUMN_NAMES[ROW_NUMBER])
        return pl.concat([rows.join(placed, on=[*keys, OWN_COLUMN_NAMES[ROW_NUMBER]]), rows.join(loaded, on=keys)])
