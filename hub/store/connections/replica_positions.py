"""How far a streaming replica is behind its primary, and whether it may be read from: functions of what both say of themselves."""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hub.errors import HubMisconfigured
from hub.settings import Settings
from hub.store.engine import parse_url

MAX_REPLICAS = 10
POSITIONS_KEPT = 600
"""Positions of the primary, one each second: a lag of up to ten minutes is known without the clock of any server."""
SELECT_POSITION = """
    select c.system_identifier::text || ' ' || d.oid,
        r.is_replica,
        (case when r.is_replica then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end - '0/0'::pg_lsn)::bigint,
        extract(epoch from clock_timestamp())::float,
        extract(epoch from pg_last_xact_replay_timestamp())::float
    from pg_control_system() c
    cross join (select pg_is_in_recovery() as is_replica) r
    join pg_database d on d.datname = current_database()"""
"""Gives the values of ServerPosition. No login needs a privilege for it."""


class ReplicaFault(Enum):
    """Why a replica is left out."""

    AWAY = "it does not answer, or refuses the login"
    PROMOTED = "it is no replica: it was promoted, or the URL leads to a primary"
    OTHER_DATABASE = "it is no copy of the database of HUB_DATABASE_URL"
    AHEAD = "it has what the primary has not: it has followed another one"
    BEHIND = "it is too far behind the primary"
    NO_PRIMARY = "the primary was not asked yet, or does not answer"


@dataclass(frozen=True)
class ServerPosition:
    """What a server says of itself."""

    database: str
    """Identifier of the cluster, and the number of the database in it: the same in every copy."""
    is_replica: bool
    wal_bytes: int
    """Position in the WAL up to which a primary has written, or a replica has replayed."""
    said_at: float
    """By the server's clock, in seconds since 1970."""
    last_commit_at: float | None
    """When the last commit that a replica has replayed was made, by the primary's clock."""

    @classmethod
    def from_row(cls, row: tuple[Any, ...] | None) -> "ServerPosition":
        """What SELECT_POSITION gives."""
        assert row is not None  # one row, whatever the server
        return cls(row[0], row[1], row[2] or 0, row[3], row[4])


@dataclass(frozen=True)
class ReplicaState:
    """`current_at`: every commit up to then is there; None if it is not known. By the clock of whoever asked, as `asked_at` is."""

    fault: ReplicaFault | None
    asked_at: float
    current_at: float | None = None

    @property
    def lag_s(self) -> float | None:
        """How far it was behind when it was asked, in seconds."""
        return None if self.current_at is None else max(0.0, self.asked_at - self.current_at)

    def describe_fault(self) -> str:
        """Why it is left out, in words."""
        assert self.fault is not None  # for those that are left out
        lag = self.lag_s
        known = self.fault is ReplicaFault.BEHIND and lag is not None
        return f"{self.fault.value}, by {lag:.1f} s" if known else self.fault.value


class PrimaryPositions:
    """Where the primary was, and when that was asked: by the clock of whoever asks."""

    def __init__(self) -> None:
        self._kept: deque[tuple[float, ServerPosition]] = deque(maxlen=POSITIONS_KEPT)

    def add(self, asked_at: float, position: ServerPosition) -> None:
        """Keep an answer. One of a server that is no primary says nothing."""
        if not position.is_replica:
            self._kept.append((asked_at, position))

    def judge(
        self,
        replica: ServerPosition,
        asked_at: float,
        *,
        before: tuple[float, ServerPosition] | None = None,
        max_lag_s: float,
    ) -> ReplicaState:
        """The state of a replica. `before` is an earlier answer of it, and when that came."""
        if not replica.is_replica:
            return ReplicaState(ReplicaFault.PROMOTED, asked_at)
        if not self._kept:
            return ReplicaState(ReplicaFault.NO_PRIMARY, asked_at)
        primary_at, newest = self._kept[-1]
        if replica.database != newest.database:
            return ReplicaState(ReplicaFault.OTHER_DATABASE, asked_at)
        if before is not None and before[0] < primary_at and before[1].wal_bytes > newest.wal_bytes:
            return ReplicaState(ReplicaFault.AHEAD, asked_at)
        current_at = self._find_current_at(replica)
        is_behind = current_at is None or asked_at - current_at > max_lag_s
        return ReplicaState(ReplicaFault.BEHIND if is_behind else None, asked_at, current_at)

    def _find_current_at(self, replica: ServerPosition) -> float | None:
        """Until when a replica has every commit.

        It has what the primary had when it was where the replica is now. The time of the last commit replayed says it more finely while there
        are commits, and for a replica that is behind everything kept here; alone it would say that nothing was written for an hour.
        """
        reached = next((at for at, one in reversed(self._kept) if one.wal_bytes <= replica.wal_bytes), None)
        asked_at, newest = self._kept[-1]
        committed = None
        if replica.last_commit_at is not None:
            committed = asked_at - max(0.0, newest.said_at - replica.last_commit_at)
        return max((at for at in (reached, committed) if at is not None), default=None)


def read_replica_urls(settings: Settings) -> list[str]:
    """The URLs of HUB_REPLICA_URLS. Raises HubMisconfigured, without any of them: they hold passwords."""
    if settings.replica_urls is None:
        return []
    urls = [part.strip() for part in settings.replica_urls.get_secret_value().split(",")]
    if len(urls) > MAX_REPLICAS:
        raise HubMisconfigured(
            f"HUB_REPLICA_URLS has {len(urls)} URLs", next_step=f"name {MAX_REPLICAS} replicas at most"
        )
    for number, url in enumerate(urls, 1):
        try:
            parse_url(url)
        except HubMisconfigured:
            raise HubMisconfigured(
                f"URL {number} of HUB_REPLICA_URLS is not one of PostgreSQL",
                next_step="write postgresql://user:password@host:5432/database for each replica, separated by commas;"
                " a comma in a password is %2C",
            ) from None
    return urls
