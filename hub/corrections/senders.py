"""Senders: the ways in which a message reaches a source. They use the readers' own clients, with their limits and error messages."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from hub.corrections.messages import MAX_ANSWER_BYTES, OutgoingMessage, SourceAnswer, read_response
from hub.errors import SourceUnavailable
from hub.ingest.connectors import connector_folder
from hub.ingest.read.files.location import FileLocation
from hub.ingest.read.files.locations import open_location
from hub.ingest.read.http.client import NO_CONTENT, AnswerRefused, HttpClient, HttpRequest
from hub.ingest.read.reader import ReaderContext
from hub.sdk.corrections import ApiCorrections, FileCorrections
from hub.sdk.manifest import Manifest
from hub.sdk.secret_references import Reference
from hub.sdk.sources import FilesSource, RestSource, Source

CONFLICT = 409
"""The source has this message already, by its idempotency key."""
MAX_ANSWERS = 10_000
ANSWER_ENDING = ".ack.json"


class CorrectionSender(Protocol):
    """Sends messages to one source."""

    def send(self, message: OutgoingMessage) -> SourceAnswer | None:
        """Send a message, and return what the source says at once, if anything.

        Raises SourceUnavailable if a later try may succeed, AnswerRefused if this message will never be taken.
        """


class ApiSender:
    """Posts messages to an HTTP API."""

    def __init__(self, client: HttpClient) -> None:
        self.client = client

    def send(self, message: OutgoingMessage) -> SourceAnswer | None:
        """Post a message."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": message.idempotency_key}
        request = HttpRequest(self.client.base, headers=headers, body=message.encode())
        try:
            return self.client.fetch(request, MAX_ANSWER_BYTES, self._parse).content
        except AnswerRefused as error:
            if error.status in (NO_CONTENT, CONFLICT):
                return None
            raise

    def _parse(self, body: bytes) -> SourceAnswer | None:
        if body.lstrip()[:1] == b"<":
            raise SourceUnavailable(
                f"{self.client.where}: the answer is HTML",
                next_step="check the url of [corrections]; a proxy or a login page may answer instead of the API",
            )
        return read_response(body)


class FileSender:
    """Writes messages into a folder: one file for each correction, which a later message replaces."""

    def __init__(self, outbox: FileLocation) -> None:
        self.outbox = outbox

    def send(self, message: OutgoingMessage) -> SourceAnswer | None:
        """Write a message."""
        self.outbox.put_file(f"correction-{message.correction.id}.json", message.encode())
        return None


@contextmanager
def open_sender(manifest: Manifest) -> Iterator[CorrectionSender | None]:
    """The sender of a source; None if it takes corrections from the work queue. Raises HubMisconfigured, SourceUnavailable."""
    declared = manifest.corrections
    if isinstance(declared, ApiCorrections):
        source = RestSource(
            kind="rest",
            base_url=declared.url,
            auth=declared.auth,
            headers=declared.headers,
            timeout_s=declared.timeout_s,
            attempts=declared.attempts,
        )
        with closing(HttpClient(_context(manifest, source))) as client:
            yield ApiSender(client)
    elif isinstance(declared, FileCorrections):
        with closing(open_folder(manifest, declared, declared.outbox)) as outbox:
            yield FileSender(outbox)
    else:
        yield None


def open_folder(manifest: Manifest, declared: FileCorrections, place: Reference) -> FileLocation:
    """A folder of corrections: a path, or the URL of an SFTP server or object store. Raises HubMisconfigured, SourceUnavailable."""
    is_url = "://" in place.value(manifest.name)
    source = FilesSource(
        kind="files",
        url=place if is_url else None,
        folder=None if is_url else place,
        options=declared.options,
        timeout_s=declared.timeout_s,
        attempts=declared.attempts,
    )
    return open_location(_context(manifest, source))


def read_small_file(path: Path) -> bytes:
    """The content of an answer file. Raises SourceUnavailable."""
    try:
        return path.read_bytes()[: MAX_ANSWER_BYTES + 1]
    except OSError as error:
        raise SourceUnavailable(
            f"an answer file cannot be read: {error.strerror}", next_step="check its permissions"
        ) from None


def _context(manifest: Manifest, source: Source) -> ReaderContext:
    """What the readers' clients are given: the same connector, with the place of its corrections for its source."""
    folder = connector_folder(manifest)
    made = manifest.model_copy(update={"source": source})
    return ReaderContext(made, "corrections", next(iter(manifest.streams.values())), folder)
