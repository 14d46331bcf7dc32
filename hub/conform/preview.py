"""Preview: a little of a source read by its real reader, and what would become of it. Nothing is written anywhere."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from hub.conform.rows import samples
from hub.conform.rows.samples import Record
from hub.errors import HubMisconfigured, OperationRefused
from hub.ingest.connectors import connector_folder
from hub.ingest.read import open_reader
from hub.ingest.read.reader import ReaderContext
from hub.ingest.values.typed_numbers import find_notations
from hub.sdk.manifest import Manifest
from hub.sdk.sources import CdcSource, SqlSource
from hub.sdk.streams import CdcStream, SqlStream


@dataclass(frozen=True)
class Preview:
    """Rows as read, the records made from them, the rejected rows, and the schema drift."""

    stream: str
    read: int
    columns: Sequence[str]
    records: Sequence[Record]
    rejected: Sequence[Record]
    drift: Sequence[str]


def preview_stream(manifest: Manifest, stream: str, rows: int, *, from_samples: bool = False) -> Preview:
    """What becomes of the first rows of a stream. Raises SourceUnavailable, HubMisconfigured, OperationRefused."""
    if stream not in manifest.streams:
        raise HubMisconfigured(
            f"{manifest.name} has no stream {stream}", next_step=f"use one of: {', '.join(manifest.streams)}"
        )
    if from_samples:
        given = samples.read_samples(samples.path_of(manifest, stream))[:rows]
        frame = samples.frame_of(
            given, nested=samples.is_nested(manifest, stream), wanted=find_notations(manifest.streams[stream])
        )
    else:
        frame = read_first_rows(manifest, stream, rows)
    prepared = samples.prepare_samples(manifest, stream, frame)
    found = samples.records_of(prepared, with_reasons=True)
    return Preview(
        stream,
        frame.height,
        frame.columns,
        [record for record in found if "fields" in record],
        [record for record in found if "rejected" in record],
        [finding.describe(f"{manifest.name}.{stream}") for finding in prepared.drift],
    )


def read_first_rows(manifest: Manifest, stream: str, rows: int) -> pl.DataFrame:
    """The first rows of a stream, by its reader."""
    if manifest.kind in ("stream", "push"):
        raise OperationRefused(
            f"{manifest.name}.{stream}: a preview would consume the messages that were sent",
            next_step="look at its samples: `hub connector preview --samples`",
        )
    if manifest.kind == "cdc":
        manifest = _as_table(manifest)
    reader = open_reader(
        ReaderContext(manifest, stream, manifest.streams[stream], connector_folder(manifest), batch_rows=rows)
    )
    frames: list[pl.DataFrame] = []
    try:
        with contextlib.closing(reader.read(None)) as batches:  # type: ignore[type-var]  # readers are generators
            for batch in batches:
                frames.append(batch.frame)
                if sum(frame.height for frame in frames) >= rows:
                    break
    finally:
        reader.close()
    return pl.concat(frames, how="diagonal_relaxed").head(rows) if frames else pl.DataFrame()


def _as_table(manifest: Manifest) -> Manifest:
    """A followed database as one that is read: to look needs no slot on its server."""
    source = manifest.source
    assert isinstance(source, CdcSource)
    table = SqlSource.model_validate({"kind": "sql", "url": source.url})
    streams: dict[str, Any] = {}
    for name, stream in manifest.streams.items():
        assert isinstance(stream, CdcStream)
        declared = {key: getattr(stream, key) for key in stream.model_fields_set}
        streams[name] = SqlStream.model_validate(declared)
    return manifest.model_copy(update={"source": table, "streams": streams})
