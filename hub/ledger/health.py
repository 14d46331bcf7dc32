"""How the ledger of a database is: what `hub doctor` says of it. Nothing here is personal."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from hub.store.advisory_locks import LockKey

LAST_CHECKPOINT = "select number, at, signature is not null, extract(epoch from now() - at)::float8 from ledger.checkpoint order by number desc limit 1"
WITNESSES = "select name, delivered, failing_since, reason from ledger.witness order by name"
OPEN_CHAINS = f"""
select e.id::text, e.month, e.host, e.begun_at, exists (
    select from pg_locks l
    where l.locktype = 'advisory' and l.classid = {LockKey.LEDGER_EPOCH} and l.objsubid = 2 and l.granted
        and l.objid = (hashtext(e.id::text)::bigint & 4294967295)::oid
        and l.database = (select oid from pg_database where datname = current_database())
)
from ledger.epoch e where e.ended_at is null order by e.begun_at limit 100"""  # noqa: S608 a constant
REVOKED_KEYS = "select key from ledger.revoked_key order by revoked_at limit 1000"
IS_REPLICA = "select pg_is_in_recovery()"


@dataclass(frozen=True)
class CheckpointState:
    """The last checkpoint: its number, its time, whether it is signed, and its age in seconds."""

    number: int
    at: datetime
    is_signed: bool
    age_s: float


@dataclass(frozen=True)
class WitnessState:
    """What a witness has: up to which checkpoint, and since when it fails and why, if it does."""

    name: str
    delivered: int
    failing_since: datetime | None
    reason: str | None


@dataclass(frozen=True)
class OpenChain:
    """A chain without an end, and whether its writer still holds its lock."""

    epoch: str
    month: date
    host: str
    begun_at: datetime
    is_alive: bool


@dataclass(frozen=True)
class LedgerHealth:
    """The ledger as its tables have it. `chains` is None on a replica, which does not know the locks of writers."""

    checkpoint: CheckpointState | None
    witnesses: tuple[WitnessState, ...]
    chains: tuple[OpenChain, ...] | None
    revoked_keys: frozenset[str] = frozenset()


def read_ledger_health(connection: Connection[Any]) -> LedgerHealth:
    """Read it, as a login in the role `hub_auditor` or as the owner. Raises psycopg.Error."""
    last = connection.execute(LAST_CHECKPOINT).fetchone()
    replica = connection.execute(IS_REPLICA).fetchone()
    chains = None if replica and replica[0] else connection.execute(OPEN_CHAINS).fetchall()
    return LedgerHealth(
        CheckpointState(*last) if last else None,
        tuple(WitnessState(*row) for row in connection.execute(WITNESSES).fetchall()),
        None if chains is None else tuple(OpenChain(*row) for row in chains),
        frozenset(key for (key,) in connection.execute(REVOKED_KEYS).fetchall()),
    )
