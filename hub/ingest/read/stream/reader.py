"""Event stream reader: messages of one subject of a NATS JetStream, through a durable consumer on the server.

The server remembers acknowledged messages, so the hub's state is empty. A message is acknowledged once its rows are
committed; others arrive again, unchanged. `_subject`, `_sequence` and `_time` (when the server stored it) are columns
of every row if the manifest maps or ignores them.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read.messages import JsonMessage, build_message_frame
from hub.ingest.read.reader import ReadBatch, Reader, ReaderContext, ReadState
from hub.ingest.read.stream.jetstream import (
    CLOSE_WITHIN_S,
    CONNECTION_ERRORS,
    EventConsumer,
    EventLoop,
    StreamTarget,
    get_sequence,
)
from hub.sdk.sources import StreamSource
from hub.sdk.streams import EventStream

FOLLOW_WAIT_S = 1.0
"""How long a following reader waits before it checks whether to end."""
LAST_WAIT_S = 0.2
"""How long other readers wait for more messages."""
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 30.0
JWT_MARK = "-----BEGIN NATS USER JWT-----"
SEED_MARK = "-----BEGIN USER NKEY SEED-----"


class EventReader(Reader):
    """Reads messages. Its tokens are lists of their sequences in the stream."""

    def __init__(self, context: ReaderContext) -> None:
        super().__init__(context)
        source, stream = context.manifest.source, context.stream
        assert isinstance(source, StreamSource)
        assert isinstance(stream, EventStream)
        self.source, self.stream = source, stream
        self.consumer = EventConsumer(_build_target(context, source, stream))
        self.loop: EventLoop | None = None

    def whole(self, state: ReadState | None) -> bool:
        """Return False: a message contains only what changed."""
        return False

    def read(self, state: ReadState | None) -> Iterator[ReadBatch]:
        """Yield what waits on the server and, when following, what arrives. Raises SourceUnavailable, HubMisconfigured."""
        self.loop = EventLoop()
        for messages in self._read_messages(self.loop):
            rows = build_message_frame(
                [_build_message(message) for message in messages], self.stream, self.stream.records
            )
            yield ReadBatch(rows, token=[get_sequence(message) for message in messages], commit=True)

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """Acknowledge to the server. If it is unreachable, this is done later, or the messages arrive again."""
        if self.loop is not None:
            numbers = [number for token in tokens for number in token]
            with suppress(TimeoutError):
                self.loop.run(self.consumer.acknowledge(numbers), self._patience_s)

    def close(self) -> None:
        """Return uncommitted messages, and close the connection."""
        if self.loop is not None:
            with suppress(TimeoutError):
                self.loop.run(self.consumer.give_back(), self._patience_s)
            self.loop.close()
            self.loop = None

    def _read_messages(self, loop: EventLoop) -> Iterator[list[Msg]]:
        follow = self.context.follow
        left, found = self._open(loop)
        if found:
            yield found
        idle_since, failures = time.monotonic(), 0
        while not follow.is_set() if follow else left > 0:
            try:
                found = loop.run(self.consumer.fetch_next(FOLLOW_WAIT_S if follow else LAST_WAIT_S), self._patience_s)
                pending = 1 if found else loop.run(self.consumer.count_pending(), self._patience_s)
            except CONNECTION_ERRORS as error:
                failures += 1
                if failures >= self.source.attempts:
                    raise self._explain_error(error) from None
                left, found = self._open(loop)
                if found:
                    yield found
                continue
            failures = 0
            if found:
                left -= len(found)
                yield found
                idle_since = time.monotonic()
            elif not pending and not follow:
                return
            elif pending and time.monotonic() - idle_since > self.source.timeout_s:
                raise SourceUnavailable(
                    f"{self.context.where}: the server has messages but sends none",
                    next_step="check the consumer on the server: too many unacknowledged messages, or another reader",
                )

    def _open(self, loop: EventLoop) -> tuple[int, list[Msg]]:
        """Connect, with pauses between attempts. Returns how many messages are left, and those that come first."""
        pause_s = FIRST_PAUSE_S
        for attempt in range(1, self.source.attempts + 1):
            try:
                with self.context.gate:
                    there = loop.run(self.consumer.open(), self._patience_s * (1 + len(self.consumer.wanted.servers)))
                within_s = self._patience_s + self.consumer.find_due_s()
                found = loop.run(self.consumer.catch_up(self._told_to_end), within_s)
                return there - len(found), found
            except CONNECTION_ERRORS as error:
                if _is_credentials_error(error) or attempt == self.source.attempts:
                    raise self._explain_error(error) from None
            self._pause(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            if self._told_to_end():
                break
        return 0, []

    @property
    def _patience_s(self) -> float:
        """How long one exchange with the server may take: a few requests, each with its own timeout, and a close."""
        return 2 * self.source.timeout_s + CLOSE_WITHIN_S

    def _told_to_end(self) -> bool:
        return self.context.follow is not None and self.context.follow.is_set()

    def _pause(self, seconds: float) -> None:
        if self.context.follow is not None:
            self.context.follow.wait(seconds)
        else:
            time.sleep(seconds)

    def _explain_error(self, error: BaseException) -> SourceUnavailable:
        if _is_credentials_error(error):
            known = self.source.credentials or self.source.url
            return SourceUnavailable(
                f"{self.context.where}: the server rejects the credentials",
                next_step=f"check {known.shown}, and ask the owner whether they expired",
            )
        return SourceUnavailable(
            f"{self.context.where}: cannot reach the server: {type(error).__name__}",
            next_step=f"check {self.source.url.shown}, and whether NATS runs there with JetStream enabled",
        )


def _build_target(context: ReaderContext, source: StreamSource, stream: EventStream) -> StreamTarget:
    name = context.manifest.name
    servers = tuple(part.strip() for part in source.url.value(name).split(",") if part.strip())
    if not all(server.startswith(("nats://", "tls://")) for server in servers):
        raise HubMisconfigured(
            f"{context.where}: {source.url.shown} is not a NATS address",
            next_step="write nats://host:4222; separate several addresses with commas",
        )
    credentials = source.credentials.value(name) if source.credentials else None
    if source.credentials and credentials and not (JWT_MARK in credentials and SEED_MARK in credentials):
        raise HubMisconfigured(
            f"{context.where}: {source.credentials.shown} is not the content of a .creds file",
            next_step="use the complete file with both of its parts",
        )
    return StreamTarget(
        context.where, servers, source.jetstream, stream.subject, stream.durable, credentials, source.timeout_s
    )


def _build_message(message: Msg) -> JsonMessage:
    about = message.metadata
    known = {
        "_subject": message.subject,
        "_sequence": str(about.sequence.stream),
        "_time": about.timestamp.isoformat(),
    }
    return JsonMessage(message.data, known)


def _is_credentials_error(error: BaseException) -> bool:
    """Whether an error is about credentials. If the server rejects them while connecting, only the wording says so."""
    return isinstance(error, nats.errors.AuthorizationError) or "authorization" in str(error).lower()
