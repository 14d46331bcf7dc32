"""Read: the rows of one stream as batches of frames, columns as the source names them. One module for each kind of source."""

import importlib
from collections.abc import Mapping

from hub.ingest.read.reader import Context, Reader

READERS: Mapping[str, str] = {
    "sql": "hub.ingest.read.sql.reader:SqlReader",
    "files": "hub.ingest.read.files.reader:FilesReader",
    "rest": "hub.ingest.read.rest.reader:RestReader",
    "soap": "hub.ingest.read.soap.reader:SoapReader",
    "stream": "hub.ingest.read.stream.reader:EventReader",
    "cdc": "hub.ingest.read.cdc.reader:CdcReader",
    "push": "hub.ingest.read.push:PushReader",
}
"""Kind of source → its reader. Imported when first wanted: a hub without SOAP never loads an XML library."""


def reader_class(kind: str) -> type[Reader]:
    """The reader of a kind of source."""
    module, _, name = READERS[kind].partition(":")
    found: type[Reader] = getattr(importlib.import_module(module), name)
    return found


def open_reader(context: Context) -> Reader:
    """A reader of one stream. Raises SourceUnavailable, HubMisconfigured, here or when it reads."""
    return reader_class(context.manifest.kind)(context)
