"""What operators do when trust in the ledger is hurt: revoke a signing key, and continue after a backup was restored."""

import asyncio

from psycopg import AsyncConnection

from hub.errors import OperationRefused
from hub.ledger.checkpoints.checkpointer import OPTIONS, CheckpointMaker
from hub.ledger.checkpoints.document import Checkpoint, LastCheckpoint
from hub.ledger.checkpoints.signing_keys import SigningKey
from hub.ledger.month_upkeep import _connect, _record, record_keeping
from hub.ledger.writing.records import KEY_REVOKED
from hub.store.engine import add_silence_timeouts
from hub.store.query import fetch_row

KEY_USE = """
select max(number), exists (select from ledger.checkpoint where position(%(key)s::bytea in document) > 0) from ledger.checkpoint"""


HOLD_CHECKPOINTS = "lock table ledger.checkpoint in share row exclusive mode"
"""Until the transaction ends, no checkpoint is added."""


REVOKE_KEY = """
insert into ledger.revoked_key as r (key, after) values (%s, %s) on conflict (key) do update set after = least(r.after, excluded.after)
returning after"""


def revoke_signing_key(url: str, key: str, after: int | None, current: SigningKey | None, by: str) -> int:
    """Write down that a signing key was stolen: its checkpoints after number `after`, or after the last one, prove nothing any more, and no
    server signs with it.

    Returns that number: the smaller one if the key was revoked before. `current` is the key that the hub signs with. Raises OperationRefused if it is the one to be revoked, or if the ledger
    has no checkpoint of it, or none of this number.
    """
    if current is not None and current.id == key:
        raise OperationRefused(
            "the hub signs with this key",
            next_step="make another with `hub ledger keys rotate`, set HUB_LEDGER_SIGNING_KEY, restart every `hub serve`, then revoke this one",
        )
    # No checkpoint may come between the number that is trusted and the refusal to sign: the hub's own would count as a thief's.
    with _connect(url) as connection, connection.transaction():
        connection.execute(HOLD_CHECKPOINTS)
        last, is_used = connection.execute(KEY_USE, {"key": f'"key":"{key}"'.encode()}).fetchone() or (None, False)
        if not is_used or last is None:
            raise OperationRefused(
                "no checkpoint of the ledger was signed with this key",
                next_step="`hub ledger keys new` printed its fingerprint",
            )
        if after is not None and not 0 <= after <= last:
            raise OperationRefused(
                f"the ledger has no checkpoint {after}", next_step=f"give the last one that you trust, from 0 to {last}"
            )
        trusted = last if after is None else after
        record_keeping(url, KEY_REVOKED, {"key": key, "after": trusted}, by)
        return int(fetch_row(connection, REVOKE_KEY, (key, trusted))[0])


def resume_after_restore(url: str, outside: LastCheckpoint, key: SigningKey | None, by: str) -> Checkpoint:
    """Go on after a backup was restored: a record, and a checkpoint that follows the last one that is known outside.

    Raises OperationRefused if the database is not behind, or a server is running.
    """

    async def run() -> Checkpoint:
        async with await AsyncConnection.connect(
            add_silence_timeouts(url), autocommit=True, options=OPTIONS
        ) as connection:
            maker = CheckpointMaker(connection, key)
            if not await maker.take_lock():
                raise OperationRefused("a server is running", next_step="stop every `hub serve`, then run it again")
            last = maker.last
            if last.number >= outside.number:
                raise OperationRefused(
                    f"the database has checkpoint {last.number}, and the witness {outside.number}: nothing was restored",
                    next_step="`hub ledger verify --head FILE` says whether they are the same",
                )
            await maker.check_key()
            details = {"outside": outside.number, "outsideHash": outside.hash.hex(), "database": last.number}
            await _record(connection, "RESTORED", details, by)
            return await maker.make_after_restore(outside)

    return asyncio.run(run())
