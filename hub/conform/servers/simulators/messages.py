"""Systems that send: deliveries into the hub's inbox, and messages of a JetStream. Each run is preceded by all that there is."""

import asyncio
import os
import secrets
from collections.abc import Mapping
from typing import Any, ClassVar

import nats
import nats.errors
import orjson
import psycopg

from hub.conform.rows.samples import Row
from hub.conform.servers.simulators.base import NotAvailable, Rows, SourceSimulator
from hub.conform.servers.trial_servers import TrialStore
from hub.ingest.run.connector_run import RunReport
from hub.sdk.streams import EventStream, PushStream

SERVER_VARIABLE = "HUB_TEST_NATS_URL"
LOCAL_URL = "nats://127.0.0.1:4222"
GARBAGE_MESSAGE = b"\xff\xfe\x9d{no record"
CONNECT_S = 1
"""How long a server that is there takes to answer; one that is not there is not asked again and again."""


class MessageSimulator(SourceSimulator):
    """What both have: the rows are sent one by one, before a run."""

    faults: ClassVar[frozenset[str]] = frozenset({"garbage"})

    def put(self, rows: Rows) -> None:
        """Have these to send."""
        self.rows = rows

    def messages(self) -> Mapping[str, list[bytes]]:
        """Stream → the messages sent of it; with garbage in the middle, if that is the fault."""
        made: dict[str, list[bytes]] = {}
        for name, rows in self.rows.items():
            stream = self.declared.streams[name]
            assert isinstance(stream, EventStream | PushStream)
            made[name] = [orjson.dumps(_wrap_row(stream.records, row)) for row in rows]
            if self.fault == "garbage":
                made[name].insert(len(made[name]) // 2, GARBAGE_MESSAGE)
        return made


def _wrap_row(path: str, row: Row) -> Any:
    """A message that holds the row where the manifest looks for the list."""
    document: Any = [row] if path else row
    for name in reversed(path.split(".") if path else []):
        document = {name: document}
    return document


class PushSimulator(MessageSimulator):
    """A system that delivers. Its deliveries are put where the hub's endpoint puts them once their signature holds."""

    def start(self) -> None:
        """Nothing has to run."""
        self.rows: Rows = {}
        self.point({})

    def run(self, store: TrialStore, *, attempts: int | None = None) -> RunReport:
        """Deliver, and run."""
        with psycopg.connect(store.url) as connection:
            for name, messages in self.messages().items():
                for body in messages:
                    connection.execute(
                        "insert into hub.inbox (connector, stream, delivery, body) values (%s, %s, %s, %s)",
                        (self.manifest.name, name, secrets.token_hex(8), body),
                    )
        return super().run(store, attempts=attempts)


class JetStreamSimulator(MessageSimulator):
    """A JetStream of its own on the NATS server of the machine."""

    def start(self) -> None:
        """Make the stream. Raises NotHere if there is no server."""
        self.rows: Rows = {}
        self.url = os.environ.get(SERVER_VARIABLE, LOCAL_URL)
        self.name = f"CONFORM_{secrets.token_hex(6)}"
        self.subjects = {name: self._subject(name) for name in self.declared.streams}
        try:
            asyncio.run(self._made())
        except (nats.errors.Error, OSError, TimeoutError):
            raise NotAvailable(f"no NATS answers at {SERVER_VARIABLE}, nor on this machine") from None
        self.stack.callback(lambda: asyncio.run(self._gone()))
        streams = {}
        for name, stream in self.declared.streams.items():
            assert isinstance(stream, EventStream)
            changes = {"subject": self.subjects[name], "durable": f"conform-{secrets.token_hex(6)}"}
            streams[name] = stream.model_copy(update=changes)
        self.point({"url": self.url}, streams)
        there = {"jetstream": self.name, "credentials": None}
        self.manifest = self.manifest.model_copy(update={"source": self.manifest.source.model_copy(update=there)})

    def run(self, store: TrialStore, *, attempts: int | None = None) -> RunReport:
        """Publish, and run."""
        asyncio.run(self._publish(self.messages()))
        return super().run(store, attempts=attempts)

    def _subject(self, name: str) -> str:
        return f"{self.name}.{secrets.token_hex(3)}.{name}".lower()

    async def _made(self) -> None:
        client = await asyncio.wait_for(
            nats.connect(self.url, connect_timeout=CONNECT_S, error_cb=_ignore_error), 2 * CONNECT_S
        )
        await client.jetstream().add_stream(name=self.name, subjects=list(self.subjects.values()), storage="memory")
        await client.close()

    async def _publish(self, messages: Mapping[str, list[bytes]]) -> None:
        client = await nats.connect(self.url, connect_timeout=CONNECT_S, error_cb=_ignore_error)
        for name, bodies in messages.items():
            for body in bodies:
                await client.jetstream().publish(self.subjects[name], body)
        await client.close()

    async def _gone(self) -> None:
        client = await nats.connect(self.url, connect_timeout=CONNECT_S, error_cb=_ignore_error)
        await client.jetstream().delete_stream(self.name)
        await client.close()


async def _ignore_error(error: Exception) -> None:
    """Say nothing: a server that is not there is told of by what raises."""
