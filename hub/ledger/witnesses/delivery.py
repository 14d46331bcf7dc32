"""Delivery of checkpoints to witnesses. The table of checkpoints is the queue, so a witness that is away for a week costs no memory,
and gets what it missed when it is back. No read waits for a witness.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import orjson
import psycopg
from psycopg import AsyncConnection

from hub.ledger.checkpoints import checkpoint_sql as statements
from hub.ledger.checkpoints.checkpointer import OPTIONS, Checkpointer
from hub.ledger.checkpoints.document import Checkpoint
from hub.ledger.witnesses.witness import Witness, WitnessUnavailable
from hub.ledger.writing.writer import utc_now
from hub.store.connections.silence import end_silence
from hub.store.engine import add_silence_timeouts

LOG = logging.getLogger("hub.ledger")
BATCH = 100
"""Checkpoints that are delivered at a time."""
LOOK_EVERY_S = 1.0
MAX_REST_S = 60.0
"""Longest time between two tries at a witness that does not answer."""
ALARM_AFTER_S = 300.0
"""How long a witness may be away before an alarm is raised, once for each time that it is away."""
ANSWER_WITHIN_S = 10.0


class WitnessDelivery:
    """Gives the checkpoints to one witness, while this process is the one that makes them."""

    def __init__(self, url: str, witness: Witness, checkpointer: Checkpointer) -> None:
        self._url = add_silence_timeouts(url)
        self._witness = witness
        self._checkpointer = checkpointer
        self._connection: AsyncConnection[Any] | None = None
        self._task: asyncio.Task[None] | None = None
        self._failures = 0
        self._alarmed = False
        self._reached_at: datetime | None = None

    @property
    def name(self) -> str:
        """Name of the witness: of its kind, not of its address."""
        return self._witness.name

    @property
    def reached_at(self) -> datetime | None:
        """When the witness last had every checkpoint that there was; None if that was not yet, or another process delivers."""
        return self._reached_at if self._checkpointer.is_at_work else None

    def open(self) -> None:
        """Begin with what the witness does not have yet."""
        self._task = self._task or asyncio.create_task(self._work(), name=f"witness {self._witness.name}")

    async def close(self) -> None:
        """Deliver the remaining heads, in one attempt."""
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        await self._drop()  # the task may have been stopped within a statement
        if self._checkpointer.is_at_work:
            await self._try_to_deliver()
        await self._drop()

    async def _work(self) -> None:
        while True:
            rest_s = await self._try_to_deliver() if self._checkpointer.is_at_work else LOOK_EVERY_S
            await asyncio.sleep(rest_s)

    async def _try_to_deliver(self) -> float:
        """How long to wait until the next try, in seconds."""
        try:
            any_given = await self._deliver()
        except WitnessUnavailable as error:
            self._failures += 1
            await self._note_failure(error.message)
            return min(MAX_REST_S, LOOK_EVERY_S * 2.0 ** min(self._failures, 10))
        except psycopg.Error:
            await self._drop()  # the checkpointer has logged it
            return LOOK_EVERY_S
        self._failures, self._alarmed, self._reached_at = 0, False, utc_now()
        return max(LOOK_EVERY_S, self._witness.every_s) if any_given else LOOK_EVERY_S

    async def _deliver(self) -> bool:
        """Whether there was anything to give."""
        connection = await self._connect()
        with end_silence(connection, ANSWER_WITHIN_S):
            row = await (await connection.execute(statements.WITNESS_STATE, (self._witness.name,))).fetchone()
        delivered, failing = row or (-1, None)
        any_left = False
        while waiting := await self._list_waiting(connection, delivered):
            receipts = await self._witness.deliver(waiting)
            delivered, any_left, failing = waiting[-1].number, True, None
            with end_silence(connection, ANSWER_WITHIN_S):
                for number, token in receipts.items():
                    await connection.execute(statements.INSERT_TOKEN, (number, token))
                await connection.execute(statements.WITNESS_DELIVERED, (self._witness.name, delivered))
        if failing is not None and not any_left:
            await connection.execute(statements.WITNESS_DELIVERED, (self._witness.name, delivered))
        return any_left

    async def _list_waiting(self, connection: AsyncConnection[Any], delivered: int) -> Sequence[Checkpoint]:
        with end_silence(connection, ANSWER_WITHIN_S):
            if not self._witness.newest_only:
                cursor = await connection.execute(statements.CHECKPOINTS_AFTER, (delivered, BATCH))
                return [Checkpoint(*row) for row in await cursor.fetchall()]
            found = await (await connection.execute(statements.LAST_CHECKPOINT)).fetchone()
        newest = [Checkpoint(*found)] if found is not None else []
        return [one for one in newest if one.number > delivered]

    async def _note_failure(self, reason: str) -> None:
        try:
            connection = await self._connect()
            with end_silence(connection, ANSWER_WITHIN_S):
                cursor = await connection.execute(statements.WITNESS_FAILED, (self._witness.name, reason))
                row = await cursor.fetchone()
                if row is not None and row[0] >= ALARM_AFTER_S and not self._alarmed:
                    LOG.error("the witness %s of the ledger has not answered for %.0f s", self._witness.name, row[0])
                    details = orjson.dumps({"witness": self._witness.name, "reason": reason}).decode()
                    await connection.execute(statements.RAISE_ALARM, ("WITNESS_UNAVAILABLE", details))
                    self._alarmed = True
        except psycopg.Error:
            await self._drop()

    async def _connect(self) -> AsyncConnection[Any]:
        if self._connection is None:
            self._connection = await AsyncConnection.connect(
                self._url,
                autocommit=True,
                options=OPTIONS.replace("60s", "600s"),
                connect_timeout=5,
                application_name="hub-witness",
            )
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                await connection.close()
