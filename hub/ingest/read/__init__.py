"""Read: the rows of one stream as frames of a bounded number of rows, columns as the source names them."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from hub.ingest.read import files, rest, sql
from hub.sdk.manifest import FilesSource, Manifest, RestSource, SqlSource, Stream

BATCH_ROWS = 50_000


def read(manifest: Manifest, name: str, stream: Stream, beside: Path) -> Iterator[pl.DataFrame]:
    """Read a stream. `beside` is what a `beside` folder is relative to. Raises SourceUnavailable, HubMisconfigured."""
    source = manifest.source
    where = f"{manifest.name}.{name}"
    if isinstance(source, SqlSource):
        yield from sql.read(where, source.url.value(manifest.name), stream, BATCH_ROWS)
    elif isinstance(source, FilesSource):
        folder = Path(source.folder.value(manifest.name)) if source.folder else beside / (source.beside or "")
        yield from files.read(where, folder, stream, BATCH_ROWS)
    elif isinstance(source, RestSource):
        yield from rest.read(where, manifest.name, source, stream, BATCH_ROWS)
