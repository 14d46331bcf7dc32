"""The checkpointer of a server process: a checkpoint at least every second in which something was written down.

Every process has one, and the one that holds the advisory lock is at work; if it dies, PostgreSQL gives the lock back and another takes
over. No read waits for a checkpoint: until it is made, a record is covered by its chain alone.

Each process also looks whether the checkpoints, whoever makes them, have the ends of the chains that it has written itself.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg import AsyncConnection

from hub.errors import HubMisconfigured
from hub.ledger.checkpoints import checkpoint_sql as statements
from hub.ledger.checkpoints.document import (
    ChainHead,
    Checkpoint,
    CheckpointKind,
    LastCheckpoint,
    decode_head,
    make_checkpoint,
)
from hub.ledger.checkpoints.own_heads import HiddenHead, OwnHeads, merge_heads
from hub.ledger.checkpoints.signing_keys import SigningKey, describe_revoked
from hub.ledger.months import month_of
from hub.ledger.writing.chain import Chain
from hub.ledger.writing.writer import utc_now
from hub.store.connections.silence import end_silence
from hub.store.engine import SESSION, add_silence_timeouts

LOG = logging.getLogger("hub.ledger")
EVERY_S = 1.0
"""How long a record waits for its checkpoint, at most."""
MAX_UNCOVERED = 1_000
"""Records of this process after which a checkpoint is made at once."""
HEARTBEAT = timedelta(minutes=10)
"""After this time a checkpoint is made though nothing has moved. So a time without any is one in which no hub ran, or one that was cut out."""
CLOSE_AFTER = timedelta(minutes=10)
"""How long after its end a month is closed: clocks of other machines may go behind."""
LOOK_AT_MONTHS_EVERY_S = 30.0
COVERED_WITHIN_S = 60.0
"""How long the end of a chain may be in no checkpoint that another process makes, until an alarm is raised."""
NOT_COVERED = "LEDGER_NOT_COVERED"
"""Kind of the alarm."""
LAST_READ = 20
"""Checkpoints that are read at first, to know what they have; each later one is read, too."""
READ_AT_ONCE = 100
ANSWER_WITHIN_S = 5.0
OPTIONS = (
    f"{SESSION} -c synchronous_commit=on -c statement_timeout={int(ANSWER_WITHIN_S * 1000)} -c idle_session_timeout=60s"
    " -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
)
"""The server ends the session of a machine that went away, so that its lock is free again."""


class CheckpointMaker:
    """Makes checkpoints on one autocommit connection that holds the lock. Not safe for use by several tasks at once."""

    def __init__(
        self,
        connection: AsyncConnection[Any],
        key: SigningKey | None,
        clock: Callable[[], datetime] = utc_now,
        own: OwnHeads | None = None,
    ) -> None:
        self._connection = connection
        self._key = key
        self._clock = clock
        self._own = own or OwnHeads()
        self._numbers: dict[UUID, int] = {}
        self._last = LastCheckpoint()
        self._last_at: datetime | None = None
        self._signed_by: object = None

    @property
    def last_at(self) -> datetime | None:
        """When the last checkpoint was made, by whichever process; None if there is none."""
        return self._last_at

    @property
    def last(self) -> LastCheckpoint:
        """What the next checkpoint follows."""
        return self._last

    async def take_lock(self) -> bool:
        """Whether this connection is the one that makes checkpoints now. Then it knows what the last one was."""
        row = await (await self._connection.execute(statements.TAKE_LOCK)).fetchone()
        if row is None or not row[0]:
            return False
        found = await (await self._connection.execute(statements.LAST_CHECKPOINT)).fetchone()
        if found is not None:
            last = Checkpoint(*found)
            self._last = LastCheckpoint(last.number, last.hash)
            # What somebody else may have put there need not be JSON; what follows it will show, and so will `verify`.
            with suppress(ValueError, KeyError, TypeError):
                self._signed_by = last.body.get("key")
                self._last_at = datetime.fromisoformat(last.body["at"]).astimezone(UTC)
        return True

    async def make_if_due(self) -> Checkpoint | None:
        """Make a checkpoint if chains have moved, or if the last one is long ago. None if neither.

        It has the ends of this process' own chains, whatever the index of chains says. If that hides one, an alarm is raised.
        """
        own = self._own.waiting  # taken before the tables are read, which may lack what is committed later
        rows = await (await self._connection.execute(statements.UNCOVERED_HEADS)).fetchall()
        heads, hidden = merge_heads([ChainHead(*row[:3]) for row in rows], own)
        await raise_hidden(self._connection, self._own.list_untold(hidden))
        ended = [row[0] for row in rows if row[3]]
        if self._key is not None and self._signed_by != self._key.id:
            return await self._insert(CheckpointKind.KEY, heads, ended, details=self._introduce_key(self._key))
        if ended or hidden or {head.epoch: head.number for head in heads} != self._numbers:
            return await self._insert(CheckpointKind.HEADS, heads, ended)
        if self._last_at is None or self._clock() - self._last_at >= HEARTBEAT:
            return await self._insert(CheckpointKind.HEARTBEAT, heads, ended)
        return None

    async def close_month_if_due(self) -> Checkpoint | None:
        """Close the oldest month that is over and whose chains have all ended. None if there is none."""
        before = month_of(self._clock() - CLOSE_AFTER)
        row = await (await self._connection.execute(statements.MONTH_TO_CLOSE, (before,))).fetchone()
        if row is None:
            return None
        rows = await (await self._connection.execute(statements.HEADS_OF_MONTH, (row[0],))).fetchall()
        heads = [ChainHead(*found) for found in rows]
        return await self._insert(CheckpointKind.MONTH, heads, (), details={"month": row[0].isoformat()}, closes=row[0])

    async def make_after_restore(self, outside: LastCheckpoint) -> Checkpoint:
        """Go on after the last checkpoint that is known outside: the numbers up to it are left out, and that is said."""
        details = {"lostFrom": self._last.number + 1, "lostTo": outside.number, "outside": outside.hash.hex()}
        rows = await (await self._connection.execute(statements.UNCOVERED_HEADS)).fetchall()
        heads, ended = [ChainHead(*row[:3]) for row in rows], [row[0] for row in rows if row[3]]
        return await self._insert(
            CheckpointKind.RESTORED, heads, ended, details=details, number=max(outside.number, self._last.number) + 1
        )

    async def _insert(
        self,
        kind: CheckpointKind,
        heads: list[ChainHead],
        ended: Any,
        *,
        details: Mapping[str, Any] | None = None,
        closes: Any = None,
        number: int | None = None,
    ) -> Checkpoint:
        # A clock that was set back does not turn the order of checkpoints round.
        at = self._clock() if self._last_at is None else max(self._clock(), self._last_at)
        made = make_checkpoint(self._last, at, kind, heads, self._key, details=details, number=number)
        row = (made.number, at, made.document, made.heads, made.signature, closes)
        async with self._connection.transaction():
            await self._connection.execute(statements.INSERT_CHECKPOINT, row)
            if ended:
                await self._connection.execute(statements.COVER_EPOCHS, (ended,))
            await self.check_key()
        self._last, self._last_at = LastCheckpoint(made.number, made.hash), at
        self._own.note_covered(heads, time.monotonic())
        self._signed_by = self._key.id if self._key else None
        if kind is not CheckpointKind.MONTH:
            self._numbers = {head.epoch: head.number for head in heads if head.epoch not in set(ended)}
        return made

    async def check_key(self) -> None:
        """Raise HubMisconfigured if the key was revoked meanwhile: then the transaction leaves no checkpoint.

        Looked for after the insert, which waits for whoever is revoking a key.
        """
        if self._key is not None:
            row = await (await self._connection.execute(statements.IS_REVOKED, (self._key.id,))).fetchone()
            if row is None or row[0]:
                raise describe_revoked(self._key.id)

    def _introduce_key(self, key: SigningKey) -> dict[str, Any]:
        said: dict[str, Any] = {"public": key.public.hex(), "after": self._signed_by}
        if key.endorsement is not None and key.endorsement.by == self._signed_by:
            said["endorsement"] = key.endorsement.signature.hex()
        return said


async def raise_hidden(connection: AsyncConnection[Any], hidden: Iterable[HiddenHead]) -> None:
    """Raise an alarm for each chain of this process that the tables hide. Raises psycopg.Error."""
    for head, found in hidden:
        LOG.error(
            "the chain %s of the ledger is written up to record %d, and the database shows %s",
            *(head.epoch, head.number, "none" if found is None else f"record {found}"),
        )
        details = {"chain": str(head.epoch), "committed": head.number, "found": found}
        await connection.execute(statements.RAISE_ALARM, (NOT_COVERED, orjson.dumps(details).decode()))


class Checkpointer:
    """Makes the checkpoints of the database at `url`, a login in the role `hub_ledger`, if no other process does."""

    def __init__(self, url: str, key: SigningKey | None, *, clock: Callable[[], datetime] = utc_now) -> None:
        self._url = add_silence_timeouts(url)
        self._key = key
        self._clock = clock
        self._wake = asyncio.Event()
        self._made = asyncio.Event()
        self._uncovered = 0
        self._task: asyncio.Task[None] | None = None
        self._turn: asyncio.Future[None] | None = None
        self._connection: AsyncConnection[Any] | None = None
        self._maker: CheckpointMaker | None = None
        self._months_at = float("-inf")
        self._is_refused = False
        self._own = OwnHeads()
        self._read_to: int | None = None
        """Number of the last checkpoint that was compared with this process' own chains."""

    @property
    def is_at_work(self) -> bool:
        """Whether this process is the one that makes checkpoints."""
        return self._maker is not None

    @property
    def last_at(self) -> datetime | None:
        """When the last checkpoint was made; None if there is none, or if another process makes them."""
        maker = self._maker
        return None if maker is None else maker.last_at

    def open(self) -> None:
        """Begin, as soon as the database answers and no other process is at work."""
        self._task = self._task or asyncio.create_task(self._work(), name="checkpoints")

    def note_appended(self, records: int, chain: Chain) -> None:
        """Records were committed by this process, to this chain: many of them do not wait for the second to pass."""
        self._own.note_committed(ChainHead(chain.epoch, chain.number - 1, chain.previous), time.monotonic())
        self._uncovered += records
        if self._uncovered >= MAX_UNCOVERED:
            self._wake.set()

    async def wait_for_checkpoint(self, timeout_s: float) -> None:
        """Return when a checkpoint was made by this process, or after this time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._made.wait()
        self._made.clear()

    async def make_last(self) -> None:
        """Stop, after a last checkpoint that has the end of this process' chain, if the database answers. The lock is kept."""
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._task = None
        try:
            if self._turn is not None and not self._turn.done():
                await self._turn
            await self._take_turn()
        except psycopg.Error:
            await self._drop()
        except HubMisconfigured as error:
            await self._refuse(error)

    async def close(self) -> None:
        """Give the lock back: another process takes over at once."""
        await self.make_last()
        await self._drop()

    async def _work(self) -> None:
        while not self._is_refused:
            try:
                # Shielded: once begun, it must finish even if the server stops meanwhile.
                self._turn = asyncio.ensure_future(self._take_turn())
                await asyncio.shield(self._turn)
            except psycopg.Error as error:
                # The kind alone: a message of the server may quote a row.
                LOG.warning("no checkpoint of the ledger can be made: %s", type(error).__name__)
                await self._drop()
            except HubMisconfigured as error:
                await self._refuse(error)
            with suppress(TimeoutError):
                async with asyncio.timeout(EVERY_S):
                    await self._wake.wait()
            self._wake.clear()

    async def _refuse(self, error: HubMisconfigured) -> None:
        """Make no checkpoint any more: the key was revoked. The lock is given back, so that a process with another key goes on."""
        self._is_refused = True
        LOG.error("no checkpoint of the ledger is made by this process any more: %s", error.message)
        if self._connection is not None:
            with suppress(psycopg.Error):
                details = orjson.dumps({"code": error.code}).decode()
                await self._connection.execute(statements.RAISE_ALARM, (error.code, details))
        await self._drop()

    async def _take_turn(self) -> None:
        if self._is_refused:
            return
        if self._connection is None:
            self._connection = await AsyncConnection.connect(
                self._url,
                autocommit=True,
                options=OPTIONS,
                connect_timeout=5,
                prepare_threshold=2,
                application_name="hub-checkpoint",
            )
        with end_silence(self._connection, 2 * ANSWER_WITHIN_S):
            if self._maker is None:
                maker = CheckpointMaker(self._connection, self._key, self._clock, self._own)
                is_taken = await maker.take_lock()
                await self._read_checkpoints(self._connection)
                self._maker = maker if is_taken else None
            if self._maker is None:
                overdue = self._own.list_overdue(time.monotonic(), COVERED_WITHIN_S)
                await raise_hidden(self._connection, overdue)
                return
            self._uncovered = 0
            made = await self._maker.make_if_due()
            now = asyncio.get_running_loop().time()
            if now - self._months_at >= LOOK_AT_MONTHS_EVERY_S:
                self._months_at = now
                made = await self._maker.close_month_if_due() or made
            self._read_to = self._maker.last.number
        if made is not None:
            self._made.set()

    async def _read_checkpoints(self, connection: AsyncConnection[Any]) -> None:
        """Take down what checkpoints, whoever made them, have of this process' own chains."""
        if self._read_to is None:
            row = await (await connection.execute(statements.LAST_NUMBER)).fetchone()
            self._read_to = (row[0] if row else -1) - LAST_READ
        while True:
            rows = await (await connection.execute(statements.HEADS_AFTER, (self._read_to, READ_AT_ONCE))).fetchall()
            for number, heads in rows:
                # What somebody else may have put there need not be heads: then it covers nothing.
                with suppress(ValueError):
                    self._own.note_covered(
                        map(decode_head, Checkpoint(number, b"", heads, None).leaves), time.monotonic()
                    )
                self._read_to = number
            if len(rows) < READ_AT_ONCE:
                return

    async def _drop(self) -> None:
        connection, self._connection, self._maker = self._connection, None, None
        if connection is not None:
            with suppress(psycopg.Error):
                await connection.close()
