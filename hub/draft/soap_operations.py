"""Describe: what a SOAP service says of itself: its operations, and where the list is in what each answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.draft.source_probe import ProbeRequest, make_provisional_manifest
from hub.errors import HubMisconfigured
from hub.ingest.read.reader import ReaderContext
from hub.ingest.read.soap.client import SoapClient
from hub.ingest.read.soap.xml_rows import find_lists
from hub.sdk.sources import SoapSource


@dataclass(frozen=True)
class OperationFound:
    """An operation: its arguments, and the paths of the lists in its answer."""

    name: str
    arguments: Sequence[str]
    lists: Sequence[str]


def read_operations(wanted: ProbeRequest, folder: Path | None) -> Mapping[str, OperationFound]:
    """The operations of a service. `folder` is where its WSDL is, for one that is a file. Raises HubMisconfigured."""
    stream = {"operation": "-", "records": "", **wanted.stream}
    manifest = make_provisional_manifest(ProbeRequest(wanted.name, wanted.kind, wanted.source, stream), ["id"], folder)
    assert isinstance(manifest.source, SoapSource)
    context = ReaderContext(manifest, "rows", manifest.streams["rows"], folder or Path())
    client = SoapClient(context, manifest.source)
    try:
        found = {
            name: OperationFound(
                name, client.list_arguments(name), find_lists(client.find_operation(name, {})[1].output.body.type)
            )
            for name in client.list_operations()
        }
    finally:
        client.close()
    if not found:
        raise HubMisconfigured(
            f"{wanted.name}: the WSDL describes no operation over SOAP", next_step="ask the owner for the right one"
        )
    return found
