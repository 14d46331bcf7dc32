"""JetStream consumer: a durable pull consumer for the reader of events. Everything here runs in one event loop.

Messages are acknowledged one by one, and the server redelivers unacknowledged ones. It mixes redelivered messages
with newer ones, so an older version of a record could overwrite a newer one. A consumer that finds messages it knows
nothing about (a process was killed, a connection broke) therefore first waits until they are due again: then they
arrive before the others.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Thread
from typing import Any, TypeVar

import nats.errors
import nats.js.errors
from nats.aio.client import Client, RawCredentials
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy
from nats.js.client import JetStreamContext

from hub.errors import HubMisconfigured

ACK_WAIT_S = 30.0
MAX_UNACKNOWLEDGED = 20_000
"""More than a reader gets ahead of the engine: the server delivers nothing more while this many are open."""
BATCH_MESSAGES = 1_000
BATCH_BYTES = 16_000_000
"""A batch ends once it has this many bytes; the fetch that exceeds them still belongs to it."""
FETCH_MESSAGES = 100
GATHER_S = 0.2
CLOSE_WITHIN_S = 5.0
DUE_AFTER_S = 0.25
"""Allowed lag of the server's clock and timers."""

T = TypeVar("T")
CONNECTION_ERRORS = (nats.errors.Error, OSError, TimeoutError, asyncio.IncompleteReadError)


@dataclass(frozen=True)
class StreamTarget:
    """Which messages to read from which server. `credentials` is the content of a .creds file."""

    where: str
    servers: tuple[str, ...]
    stream: str
    subject: str
    durable: str
    credentials: str | None
    timeout_s: float


class EventLoop:
    """An event loop in a thread of its own, callable from any thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = Thread(target=self.loop.run_forever, name="events", daemon=True)
        self.thread.start()

    def run(self, work: Coroutine[Any, Any, T], within_s: float) -> T:
        """Return the result of some work. Raises TimeoutError if it takes longer: the library waits without limit in
        places.
        """
        running = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return running.result(within_s)
        except TimeoutError:
            running.cancel()
            raise

    def close(self) -> None:
        """End running calls, and the thread."""
        with contextlib.suppress(TimeoutError):
            self.run(_end_all(), CLOSE_WITHIN_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(CLOSE_WITHIN_S)
        if not self.thread.is_alive():
            self.loop.close()


class EventConsumer:
    """One connection and its consumer. `held` messages were taken but not committed; `owed` ones committed but not
    acknowledged.

    Both map a message's sequence to the subject of its acknowledgement, and outlive the connection.
    """

    def __init__(self, wanted: StreamTarget) -> None:
        self.wanted = wanted
        self.held: dict[int, str] = {}
        self.owed: dict[int, str] = {}
        self.client: Client | None = None
        self.subscription: JetStreamContext.PullSubscription | None = None
        self.info: ConsumerInfo | None = None

    async def open(self) -> int:
        """Connect. Returns how many messages are not acknowledged, including our own.

        Raises HubMisconfigured if the stream is missing or the consumer has other settings; CONNECTION_ERRORS.
        """
        await self.disconnect()
        self.client = Client()
        await _connect(self.client, self.wanted)
        await self._acknowledge_owed()
        stream = self.client.jetstream(timeout=self.wanted.timeout_s)
        info = await _get_consumer(stream, self.wanted)
        self.subscription = await stream.pull_subscribe_bind(self.wanted.durable, self.wanted.stream)
        self.info = info
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    def find_due_s(self) -> float:
        """Return the seconds until the server redelivers what it sent before. Only once it is open."""
        return _compute_due_s(self.info) if self.info else 0.0

    async def catch_up(self, told_to_end: Callable[[], bool]) -> list[Msg]:
        """Return redelivered messages that this process does not hold, in order, and newer ones that arrived with them.

        If the server does not send all of them at once, wait until it does. Raises CONNECTION_ERRORS.
        """
        assert self.info is not None
        unknown = (self.info.num_ack_pending or 0) - len(self.held)
        found = await self._fetch_all(unknown)
        if sum(message.metadata.num_delivered > 1 for message in found) < unknown:
            end = asyncio.get_running_loop().time() + _compute_due_s(self.info)
            # Its stop signal is a thread's event, so it has to be polled.
            while asyncio.get_running_loop().time() < end and not told_to_end():  # noqa: ASYNC110
                await asyncio.sleep(GATHER_S)
            found += await self._fetch_all(unknown)
        return sorted(self._keep_new(found), key=get_sequence)

    async def fetch_next(self, wait_s: float) -> list[Msg]:
        """Return the next messages in order; none if none arrive within `wait_s`. Raises CONNECTION_ERRORS."""
        found = await self._fetch(1, wait_s)
        end = asyncio.get_running_loop().time() + GATHER_S
        size = sum(len(message.data) for message in found)
        while found and len(found) < BATCH_MESSAGES and size < BATCH_BYTES:
            left_s = end - asyncio.get_running_loop().time()
            more = await self._fetch(FETCH_MESSAGES, left_s) if left_s > 0 else []
            if not more:
                break
            size += sum(len(message.data) for message in more)
            found += more
        return sorted(self._keep_new(found), key=get_sequence)

    async def count_pending(self) -> int:
        """Return the number of messages never delivered to us. Raises CONNECTION_ERRORS."""
        assert self.subscription is not None
        return (await self.subscription.consumer_info()).num_pending or 0

    async def acknowledge(self, sequences: Iterable[int]) -> None:
        """Acknowledge messages, now or, if the connection is broken, after the next connect."""
        for number in sequences:
            if number in self.held:
                self.owed[number] = self.held.pop(number)
        with contextlib.suppress(*CONNECTION_ERRORS):
            await self._acknowledge_owed()

    async def give_back(self) -> None:
        """Make the server redeliver uncommitted messages at once, and disconnect."""
        with contextlib.suppress(*CONNECTION_ERRORS):
            await self._acknowledge_owed()
            await self._publish(self.held.values(), b"-NAK")
        self.held.clear()
        await self.disconnect()

    async def disconnect(self) -> None:
        """Close the connection, if there is one."""
        if self.client is not None:
            with contextlib.suppress(*CONNECTION_ERRORS):
                await asyncio.wait_for(self.client.close(), CLOSE_WITHIN_S)
        self.client = self.subscription = None

    async def _fetch(self, most: int, wait_s: float) -> list[Msg]:
        assert self.client is not None
        assert self.subscription is not None
        try:
            return await self.subscription.fetch(most, timeout=wait_s)
        except TimeoutError:
            if not self.client.is_connected:
                raise
            return []

    async def _fetch_all(self, most: int) -> list[Msg]:
        found: list[Msg] = []
        while len(found) < most and (more := await self._fetch(min(FETCH_MESSAGES, most - len(found)), GATHER_S)):
            found += more
        return found

    def _keep_new(self, messages: Iterable[Msg]) -> Iterable[Msg]:
        """Yield messages that we do not hold yet: the server redelivers after waiting too long."""
        for message in messages:
            number = get_sequence(message)
            if number in self.owed:
                self.owed[number] = message.reply
            elif number not in self.held:
                self.held[number] = message.reply
                yield message

    async def _acknowledge_owed(self) -> None:
        sent = list(self.owed)
        await self._publish(list(self.owed.values()), b"+ACK")
        for number in sent:
            self.owed.pop(number, None)

    async def _publish(self, replies: Iterable[str], word: bytes) -> None:
        if self.client is None or not self.client.is_connected:
            raise nats.errors.ConnectionClosedError
        for reply in replies:
            await self.client.publish(reply, word)
        # The server answers a ping only after it has read all of these.
        await self.client.flush(timeout=max(1, round(self.wanted.timeout_s)))


def get_sequence(message: Msg) -> int:
    """Return the sequence of a message in its stream."""
    return message.metadata.sequence.stream


def _compute_due_s(info: ConsumerInfo) -> float:
    """Return the seconds until the server redelivers everything it has sent so far."""
    last = info.delivered.last_active if info.delivered else None
    wait_s = info.config.ack_wait or ACK_WAIT_S
    waited_s = (datetime.now(UTC) - last).total_seconds() if last else 0.0
    # Bounded, in case the server's clock differs.
    return min(max(wait_s - waited_s, 0.0), wait_s) + DUE_AFTER_S


async def _connect(client: Client, wanted: StreamTarget) -> None:
    async def quiet(error: Exception) -> None:
        """Ignore: errors that matter are raised where they are awaited; the library would log the others with their
        text.
        """

    await client.connect(
        list(wanted.servers),
        error_cb=quiet,
        # One attempt per address and no more: the reader starts over with what the server knows by then.
        allow_reconnect=False,
        max_reconnect_attempts=1,
        reconnect_time_wait=0,
        connect_timeout=max(1, round(wanted.timeout_s)),
        ping_interval=10,
        user_credentials=RawCredentials(wanted.credentials) if wanted.credentials else None,
        name=f"hub {wanted.where}",
    )


async def _get_consumer(stream: JetStreamContext, wanted: StreamTarget) -> ConsumerInfo:
    """Return the consumer, created if it did not exist. Raises HubMisconfigured."""
    try:
        info: ConsumerInfo = await stream.consumer_info(wanted.stream, wanted.durable)
    except nats.js.errors.NotFoundError:
        return await _create_consumer(stream, wanted)
    config = info.config
    differing = [
        name
        for name, differs in (
            ("it pushes", config.deliver_subject is not None),
            ("acknowledgement", config.ack_policy != AckPolicy.EXPLICIT),
            ("where it begins", config.deliver_policy != DeliverPolicy.ALL),
            ("the subject", config.filter_subject != wanted.subject),
            ("how often it delivers", (config.max_deliver or -1) > 0),
            ("headers only", bool(config.headers_only)),
        )
        if differs
    ]
    if differing:
        raise HubMisconfigured(
            f"{wanted.where}: the consumer {wanted.durable} differs from the manifest: {', '.join(differing)}",
            next_step="choose another `durable`, or have the consumer removed on the server",
        )
    return info


async def _create_consumer(stream: JetStreamContext, wanted: StreamTarget) -> ConsumerInfo:
    config = ConsumerConfig(
        durable_name=wanted.durable,
        name=wanted.durable,
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_S,
        max_ack_pending=MAX_UNACKNOWLEDGED,
        filter_subject=wanted.subject,
    )
    try:
        made: ConsumerInfo = await stream.add_consumer(wanted.stream, config)
    except nats.js.errors.NotFoundError:
        raise HubMisconfigured(
            f"{wanted.where}: the server has no stream {wanted.stream}", next_step="correct `jetstream` in the manifest"
        ) from None
    except nats.js.errors.BadRequestError as error:
        raise HubMisconfigured(
            f"{wanted.where}: the server rejects the consumer {wanted.durable}: error {error.err_code}",
            next_step="correct `subject` and `durable`: the subject must be one of the stream, the name must not contain dots or spaces",
        ) from None
    return made


async def _end_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    if tasks:
        # A broken connection is being closed by one of them.
        await asyncio.wait(tasks, timeout=1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
