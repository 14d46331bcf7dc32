"""A durable pull consumer of a NATS JetStream, for the reader of events. Everything here runs in one event loop.

Messages are acknowledged one by one, so the server sends again what was not. It sends such a message in between newer ones,
where an older version of a record could overwrite a newer one. So a consumer that finds messages of which it knows nothing
(a process was killed, a connection broke) first waits until they are due again: then they come before the others.
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
MOST_UNACKNOWLEDGED = 20_000
"""More than a reader gets ahead of the engine: the server delivers no more while so many are open."""
BATCH_MESSAGES = 1_000
BATCH_BYTES = 16_000_000
"""A batch is over once it has so many; the fetch that goes beyond is part of it."""
FETCH = 100
GATHER_S = 0.2
CLOSE_WITHIN_S = 5.0
DUE_AFTER_S = 0.25
"""What the server's clock and timers may be late."""

T = TypeVar("T")
AWAY = (nats.errors.Error, OSError, TimeoutError, asyncio.IncompleteReadError)


@dataclass(frozen=True)
class Wanted:
    """Which messages of which server. `credentials` is the content of a .creds file."""

    where: str
    servers: tuple[str, ...]
    stream: str
    subject: str
    durable: str
    credentials: str | None
    timeout_s: float


class EventLoop:
    """An event loop in a thread of its own, for callers in any thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = Thread(target=self.loop.run_forever, name="events", daemon=True)
        self.thread.start()

    def run(self, work: Coroutine[Any, Any, T], within_s: float) -> T:
        """The result of some work. Raises TimeoutError where it takes longer: the library waits for good in places."""
        running = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return running.result(within_s)
        except TimeoutError:
            running.cancel()
            raise

    def close(self) -> None:
        """End what still runs, and the thread."""
        with contextlib.suppress(TimeoutError):
            self.run(_end_all(), CLOSE_WITHIN_S)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(CLOSE_WITHIN_S)
        if not self.thread.is_alive():
            self.loop.close()


class Consumer:
    """One connection and its consumer. What is `held` was taken and not committed; `owed`, committed and not acknowledged.

    Both map the sequence of a message to the subject of its acknowledgement, and outlive the connection.
    """

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.held: dict[int, str] = {}
        self.owed: dict[int, str] = {}
        self.client: Client | None = None
        self.subscription: JetStreamContext.PullSubscription | None = None
        self.info: ConsumerInfo | None = None

    async def open(self) -> int:
        """Connect. Returns how many messages were not acknowledged, ours with them.

        Raises HubMisconfigured where the stream is missing or the consumer is another; AWAY.
        """
        await self.leave()
        self.client = Client()
        await _connect(self.client, self.wanted)
        await self._settle()
        stream = self.client.jetstream(timeout=self.wanted.timeout_s)
        info = await _consumer(stream, self.wanted)
        self.subscription = await stream.pull_subscribe_bind(self.wanted.durable, self.wanted.stream)
        self.info = info
        return (info.num_pending or 0) + (info.num_ack_pending or 0)

    def due_s(self) -> float:
        """Seconds until the server sends again what was sent before. Once it is open."""
        return _due_s(self.info) if self.info else 0.0

    async def catch_up(self, told_to_end: Callable[[], bool]) -> list[Msg]:
        """What was sent to somebody before and is not with us, in order, and what is newer and came with it. Raises AWAY.

        Where the server does not send all of it at once, this waits until it will.
        """
        assert self.info is not None
        unknown = (self.info.num_ack_pending or 0) - len(self.held)
        found = await self._fetch_all(unknown)
        if sum(message.metadata.num_delivered > 1 for message in found) < unknown:
            end = asyncio.get_running_loop().time() + _due_s(self.info)
            # What tells it to end is a thread's event, so it looks again and again.
            while asyncio.get_running_loop().time() < end and not told_to_end():  # noqa: ASYNC110
                await asyncio.sleep(GATHER_S)
            found += await self._fetch_all(unknown)
        return sorted(self._new(found), key=sequence)

    async def take(self, wait_s: float) -> list[Msg]:
        """The next messages in order, none after `wait_s` without any. Raises AWAY where the connection broke."""
        found = await self._fetch(1, wait_s)
        end = asyncio.get_running_loop().time() + GATHER_S
        size = sum(len(message.data) for message in found)
        while found and len(found) < BATCH_MESSAGES and size < BATCH_BYTES:
            left_s = end - asyncio.get_running_loop().time()
            more = await self._fetch(FETCH, left_s) if left_s > 0 else []
            if not more:
                break
            size += sum(len(message.data) for message in more)
            found += more
        return sorted(self._new(found), key=sequence)

    async def pending(self) -> int:
        """Messages that were never sent to us. Raises AWAY."""
        assert self.subscription is not None
        return (await self.subscription.consumer_info()).num_pending or 0

    async def committed(self, sequences: Iterable[int]) -> None:
        """Acknowledge messages, now or, where the connection is broken, when there is one again."""
        for number in sequences:
            if number in self.held:
                self.owed[number] = self.held.pop(number)
        with contextlib.suppress(*AWAY):
            await self._settle()

    async def give_back(self) -> None:
        """Let the server send again what was not committed, at once, and leave."""
        with contextlib.suppress(*AWAY):
            await self._settle()
            await self._say(self.held.values(), b"-NAK")
        self.held.clear()
        await self.leave()

    async def leave(self) -> None:
        """Close the connection, if there is one."""
        if self.client is not None:
            with contextlib.suppress(*AWAY):
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
        while len(found) < most and (more := await self._fetch(min(FETCH, most - len(found)), GATHER_S)):
            found += more
        return found

    def _new(self, messages: Iterable[Msg]) -> Iterable[Msg]:
        """Those that are not with us already: the server sends again what it has waited for too long."""
        for message in messages:
            number = sequence(message)
            if number in self.owed:
                self.owed[number] = message.reply
            elif number not in self.held:
                self.held[number] = message.reply
                yield message

    async def _settle(self) -> None:
        sent = list(self.owed)
        await self._say(list(self.owed.values()), b"+ACK")
        for number in sent:
            self.owed.pop(number, None)

    async def _say(self, replies: Iterable[str], word: bytes) -> None:
        if self.client is None or not self.client.is_connected:
            raise nats.errors.ConnectionClosedError
        for reply in replies:
            await self.client.publish(reply, word)
        # The server's answer to a ping comes after it has read all of these.
        await self.client.flush(timeout=max(1, round(self.wanted.timeout_s)))


def sequence(message: Msg) -> int:
    """The place of a message in its stream."""
    return message.metadata.sequence.stream


def _due_s(info: ConsumerInfo) -> float:
    """Seconds until the server sends again all that it has sent by now."""
    last = info.delivered.last_active if info.delivered else None
    wait_s = info.config.ack_wait or ACK_WAIT_S
    waited_s = (datetime.now(UTC) - last).total_seconds() if last else 0.0
    # Within bounds, where the server's clock is another.
    return min(max(wait_s - waited_s, 0.0), wait_s) + DUE_AFTER_S


async def _connect(client: Client, wanted: Wanted) -> None:
    async def quiet(error: Exception) -> None:
        """What matters is raised where it is waited for; the library would log the rest with its text."""

    await client.connect(
        list(wanted.servers),
        error_cb=quiet,
        # Once more for each address, and no more: the reader begins anew, with what the server knows by then.
        allow_reconnect=False,
        max_reconnect_attempts=1,
        reconnect_time_wait=0,
        connect_timeout=max(1, round(wanted.timeout_s)),
        ping_interval=10,
        user_credentials=RawCredentials(wanted.credentials) if wanted.credentials else None,
        name=f"hub {wanted.where}",
    )


async def _consumer(stream: JetStreamContext, wanted: Wanted) -> ConsumerInfo:
    """The consumer, made where there was none. Raises HubMisconfigured."""
    try:
        info: ConsumerInfo = await stream.consumer_info(wanted.stream, wanted.durable)
    except nats.js.errors.NotFoundError:
        return await _made(stream, wanted)
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
            f"{wanted.where}: the consumer {wanted.durable} is another than the manifest's: {', '.join(differing)}",
            next_step="give another `durable`, or have the consumer removed on the server",
        )
    return info


async def _made(stream: JetStreamContext, wanted: Wanted) -> ConsumerInfo:
    config = ConsumerConfig(
        durable_name=wanted.durable,
        name=wanted.durable,
        deliver_policy=DeliverPolicy.ALL,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_S,
        max_ack_pending=MOST_UNACKNOWLEDGED,
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
            f"{wanted.where}: the server refuses the consumer {wanted.durable}: error {error.err_code}",
            next_step="correct `subject` and `durable`: the subject is one of the stream, the name has no dot or space",
        ) from None
    return made


async def _end_all() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    if tasks:
        # A connection that broke is being closed by one of them.
        await asyncio.wait(tasks, timeout=1)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
