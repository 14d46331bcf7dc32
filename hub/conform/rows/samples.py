"""Samples: `samples/<stream>.jsonl` has rows as the source gives them, `samples/<stream>.expected.jsonl` what they become.

Rows of databases and tables are flat; those of JSON and XML are nested as the source nests them. A line of the expected records is
one record: entity, source key, and either its fields or the field and rule for which it is set aside.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from hub.errors import HubMisconfigured
from hub.ingest.connectors import connector_folder
from hub.ingest.read import json_rows
from hub.ingest.read.reader import ReadBatch
from hub.ingest.transform.map import CHANGED_AT, ROW_NUMBER, SOURCE_KEY
from hub.ingest.transform.prepare import BatchPreparer, PreparedBatch
from hub.ingest.values.typed_numbers import Notation, find_notations
from hub.model.registry import Entity
from hub.sdk.manifest import Manifest

Row = dict[str, Any]
"""A row as the source gives it."""
Record = dict[str, Any]
"""A record as a line of `<stream>.expected.jsonl` has it."""
SAMPLES_FOLDER = "samples"
OPERATION_KEY = "_op"
"""The column in which a followed table says how a row came."""


def path_of(manifest: Manifest, stream: str, *, expected: bool = False) -> Path:
    """The file of a stream's samples, or of what they become."""
    return connector_folder(manifest) / SAMPLES_FOLDER / f"{stream}{'.expected' if expected else ''}.jsonl"


def read_samples(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON Lines file. Raises HubMisconfigured naming file and line."""
    return list(read_numbered(path).values())


def read_numbered(path: Path) -> dict[int, dict[str, Any]]:
    """The objects of a JSON Lines file by the number of their line. Raises HubMisconfigured naming file and line."""
    shown = "/".join(path.parts[-3:])
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise HubMisconfigured(
            f"{shown}: {error.strerror}",
            next_step="`hub connector new` writes samples; docs/how-to/add-a-connector.md tells how",
        ) from None
    return {number: _object(shown, number, line) for number, line in enumerate(lines, start=1) if line.strip()}


def _object(shown: str, number: int, line: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise HubMisconfigured(f"{shown}:{number}: is not a JSON object", next_step="write one JSON object per line")
    return found


def write_samples(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write objects as JSON Lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))


def is_nested(manifest: Manifest, stream: str) -> bool:
    """Whether rows of this source are nested objects, with numbers as numbers; otherwise they are flat and text."""
    if manifest.kind == "files":
        return getattr(manifest.streams[stream], "format", "") == "jsonl"
    return manifest.kind in ("rest", "soap", "stream", "push")


def frame_of(rows: Sequence[Row], *, nested: bool, wanted: Mapping[str, Notation] | None = None) -> pl.DataFrame:
    """Rows as a reader would hand them on."""
    if nested:
        decoded = [json_rows.decode_json(orjson.dumps(row)) for row in rows]
        return json_rows.build_frame(decoded, wanted) if rows else pl.DataFrame()
    columns = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame(
        [[to_cell(row.get(name)) for name in columns] for row in rows],
        schema=dict.fromkeys(columns, pl.String),
        orient="row",
    )


def to_cell(value: object) -> str | None:
    """A value as text, in sources that have nothing else."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def map_samples(manifest: Manifest, stream: str, rows: Sequence[Row]) -> list[Record]:
    """What rows become, by entity and in their order. Raises SourceUnavailable if a mapped column is missing."""
    return records_of(
        prepare_samples(
            manifest,
            stream,
            frame_of(rows, nested=is_nested(manifest, stream), wanted=find_notations(manifest.streams[stream])),
        )
    )


def prepare_samples(manifest: Manifest, stream: str, frame: pl.DataFrame) -> PreparedBatch:
    """What a reader handed on, mapped and checked; nothing is known of earlier reads."""
    if manifest.kind == "cdc" and OPERATION_KEY not in frame.columns:
        frame = frame.with_columns(pl.lit("I").alias(OPERATION_KEY))
    return BatchPreparer(manifest, stream, {}).prepare(ReadBatch(frame), None)


def records_of(batch: PreparedBatch, *, with_reasons: bool = False) -> list[Record]:
    """The records of a batch, accepted and rejected. Files of samples say only which rule a row breaks: reasons are worded, and reworded."""
    found: list[Record] = []
    for part in batch.parts:
        found += [_make_record(part.entity, row) for row in part.accepted.iter_rows(named=True)]
        found += [
            {
                "entity": part.entity.name,
                "key": part.keys[row["row"]],
                "rejected": {
                    "field": row["field"],
                    "rule": row["rule"],
                    **({"reason": row["reason"]} if with_reasons else {}),
                },
            }
            for row in part.rejected.iter_rows(named=True)
        ]
    return found


def find_good_rows(manifest: Manifest, stream: str, rows: Sequence[Row]) -> Mapping[str, set[int]]:
    """Entity → the positions of the rows that become records of it."""
    found = prepare_samples(
        manifest,
        stream,
        frame_of(rows, nested=is_nested(manifest, stream), wanted=find_notations(manifest.streams[stream])),
    )
    if found.height != len(rows):
        # A transform that adds rows or leaves some out: each has to be asked for itself.
        each = [{part["entity"] for part in map_samples(manifest, stream, [row]) if "fields" in part} for row in rows]
        return {
            entity: {at for at, found in enumerate(each) if entity in found}
            for entity in manifest.streams[stream].emits
        }
    return {part.entity.name: set(part.accepted[ROW_NUMBER].to_list()) for part in found.parts}


def _make_record(entity: Entity, row: Mapping[str, Any]) -> Record:
    changed = {"changed_at": row[CHANGED_AT]} if row[CHANGED_AT] else {}
    fields = {c.name: row[c.name] for c in entity.columns if row.get(c.name) is not None}
    return {"entity": entity.name, "key": row[SOURCE_KEY], **changed, "fields": fields}


def accept_samples(manifest: Manifest) -> list[Path]:
    """Write the records made from the samples as the expected ones. Returns the files."""
    written = []
    for stream in manifest.streams:
        path = path_of(manifest, stream, expected=True)
        write_samples(path, map_samples(manifest, stream, read_samples(path_of(manifest, stream))))
        written.append(path)
    return written
