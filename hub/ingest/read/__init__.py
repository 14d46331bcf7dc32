"""Read: the rows of one stream as batches of frames, with the source's column names. One package per kind of source."""

import importlib
from collections.abc import Mapping

from hub.extras import name_missing_extra
from hub.ingest.read.reader import Reader, ReaderContext

READERS: Mapping[str, str] = {
    "sql": "hub.ingest.read.sql.reader:SqlReader",
    "files": "hub.ingest.read.files.reader:FilesReader",
    "rest": "hub.ingest.read.rest.reader:RestReader",
    "soap": "hub.ingest.read.soap.reader:SoapReader",
    "stream": "hub.ingest.read.stream.reader:EventReader",
    "cdc": "hub.ingest.read.cdc.reader:CdcReader",
    "push": "hub.ingest.read.push:PushReader",
}
"""Kind of source → its reader. Imported on first use: a hub without SOAP sources never loads an XML library."""


def load_reader_class(kind: str) -> type[Reader]:
    """Return the reader class for a kind of source. Raises HubMisconfigured if its extra is not installed."""
    module, _, name = READERS[kind].partition(":")
    with name_missing_extra(f"reading a source of kind {kind}"):
        found: type[Reader] = getattr(importlib.import_module(module), name)
    return found


def open_reader(context: ReaderContext) -> Reader:
    """Open a reader of one stream. Raises SourceUnavailable, HubMisconfigured, here or while reading."""
    return load_reader_class(context.manifest.kind)(context)
