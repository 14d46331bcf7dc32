"""Streams of events: the messages of one subject of a NATS JetStream, read through a durable consumer on the server.

The server remembers what was acknowledged, so the state of the hub holds nothing. A message is acknowledged once its rows
are committed; what was not comes again, and is the same row again. `_subject`, `_sequence` and `_time` (when the server
stored it) are columns of every row where the manifest maps or ignores them.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import nats.errors
import nats.js.errors
from nats.aio.msg import Msg

from hub.errors import HubMisconfigured, SourceUnavailable
from hub.ingest.read.messages import Message, frame
from hub.ingest.read.reader import Batch, Context, Reader, State
from hub.ingest.read.stream.jetstream import AWAY, CLOSE_WITHIN_S, Consumer, EventLoop, Wanted, sequence
from hub.sdk.sources import StreamSource
from hub.sdk.streams import EventStream

WAIT_S = 1.0
"""How long a reader that follows waits before it looks whether it is to end."""
LAST_WAIT_S = 0.2
"""How long the others wait for more."""
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 30.0
JWT = "-----BEGIN NATS USER JWT-----"
SEED = "-----BEGIN USER NKEY SEED-----"


class EventReader(Reader):
    """Reads messages. Its tokens are lists of their sequences in the stream."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        source, stream = context.manifest.source, context.stream
        assert isinstance(source, StreamSource)
        assert isinstance(stream, EventStream)
        self.source, self.stream = source, stream
        self.consumer = Consumer(_wanted(context, source, stream))
        self.loop: EventLoop | None = None

    def whole(self, state: State | None) -> bool:
        """Never: what is sent is what changed."""
        return False

    def read(self, state: State | None) -> Iterator[Batch]:
        """What waits on the server and, where it is followed, what comes. Raises SourceUnavailable, HubMisconfigured."""
        self.loop = EventLoop()
        for messages in self._messages(self.loop):
            rows = frame([_message(message) for message in messages], self.stream, self.stream.records)
            yield Batch(rows, token=[sequence(message) for message in messages], commit=True)

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """Acknowledge to the server. Where it is away this is made up for later, or the messages come again."""
        if self.loop is not None:
            numbers = [number for token in tokens for number in token]
            with suppress(TimeoutError):
                self.loop.run(self.consumer.committed(numbers), self._patience_s)

    def close(self) -> None:
        """Give back what was not committed, and close the connection."""
        if self.loop is not None:
            with suppress(TimeoutError):
                self.loop.run(self.consumer.give_back(), self._patience_s)
            self.loop.close()
            self.loop = None

    def _messages(self, loop: EventLoop) -> Iterator[list[Msg]]:
        follow = self.context.follow
        left, found = self._open(loop)
        if found:
            yield found
        idle_since, failures = time.monotonic(), 0
        while not follow.is_set() if follow else left > 0:
            try:
                found = loop.run(self.consumer.take(WAIT_S if follow else LAST_WAIT_S), self._patience_s)
                pending = 1 if found else loop.run(self.consumer.pending(), self._patience_s)
            except AWAY as error:
                failures += 1
                if failures >= self.source.attempts:
                    raise self._away(error) from None
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
                    f"{self.context.where}: the server has messages and sends none",
                    next_step="see the consumer on the server: too many unacknowledged messages, or another reader",
                )

    def _open(self, loop: EventLoop) -> tuple[int, list[Msg]]:
        """Connect, with pauses between the attempts. Returns how many messages are left, and those that come first."""
        pause_s = FIRST_PAUSE_S
        for attempt in range(1, self.source.attempts + 1):
            try:
                with self.context.gate:
                    there = loop.run(self.consumer.open(), self._patience_s * (1 + len(self.consumer.wanted.servers)))
                within_s = self._patience_s + self.consumer.due_s()
                found = loop.run(self.consumer.catch_up(self._told_to_end), within_s)
                return there - len(found), found
            except AWAY as error:
                if _refused(error) or attempt == self.source.attempts:
                    raise self._away(error) from None
            self._pause(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            if self._told_to_end():
                break
        return 0, []

    @property
    def _patience_s(self) -> float:
        """How long one exchange with the server may take: a few requests, each with a timeout of its own, and a close."""
        return 2 * self.source.timeout_s + CLOSE_WITHIN_S

    def _told_to_end(self) -> bool:
        return self.context.follow is not None and self.context.follow.is_set()

    def _pause(self, seconds: float) -> None:
        if self.context.follow is not None:
            self.context.follow.wait(seconds)
        else:
            time.sleep(seconds)

    def _away(self, error: BaseException) -> SourceUnavailable:
        if _refused(error):
            known = self.source.credentials or self.source.url
            return SourceUnavailable(
                f"{self.context.where}: the server refuses the credentials",
                next_step=f"check {known.shown}, and ask the owner whether they ended",
            )
        return SourceUnavailable(
            f"{self.context.where}: the server cannot be reached: {type(error).__name__}",
            next_step=f"check {self.source.url.shown}, and that NATS runs there with JetStream on",
        )


def _wanted(context: Context, source: StreamSource, stream: EventStream) -> Wanted:
    name = context.manifest.name
    servers = tuple(part.strip() for part in source.url.value(name).split(",") if part.strip())
    if not all(server.startswith(("nats://", "tls://")) for server in servers):
        raise HubMisconfigured(
            f"{context.where}: {source.url.shown} is no address",
            next_step="write it as nats://host:4222, several by comma",
        )
    credentials = source.credentials.value(name) if source.credentials else None
    if source.credentials and credentials and not (JWT in credentials and SEED in credentials):
        raise HubMisconfigured(
            f"{context.where}: {source.credentials.shown} is no content of a .creds file",
            next_step="take the whole file, with both of its parts",
        )
    return Wanted(
        context.where, servers, source.jetstream, stream.subject, stream.durable, credentials, source.timeout_s
    )


def _message(message: Msg) -> Message:
    about = message.metadata
    known = {
        "_subject": message.subject,
        "_sequence": str(about.sequence.stream),
        "_time": about.timestamp.isoformat(),
    }
    return Message(message.data, known)


def _refused(error: BaseException) -> bool:
    """Whether it is about credentials. The library says so in words only, where the server says it while connecting."""
    return isinstance(error, nats.errors.AuthorizationError) or "authorization" in str(error).lower()
