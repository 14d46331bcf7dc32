"""What the database says of the hub: how old the sources are, and how much waits. Names of connectors and numbers, nothing of a record."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from hub.errors import StoreUnavailable
from hub.sdk.manifest import Manifest
from hub.store.connections.connection import StoreConnection
from hub.store.engine import SESSION, add_silence_timeouts
from hub.store.query import fetch_row
from hub.webhooks.backlog import WebhookBacklog, read_webhook_backlog

ANSWER_WITHIN_S = 2.0
MAX_SOURCES = 200
MAX_QUARANTINED = 100_000
OPTIONS = f"{SESSION} -c default_transaction_read_only=on -c statement_timeout={int(ANSWER_WITHIN_S * 1000)}"
# A source is as old as its oldest stream; one stream that was never read makes it of no age.
SOURCES = f"""
    select connector, case when count(as_of) = count(*) then min(as_of) end, clock_timestamp()
    from hub.stream
    group by connector
    order by connector
    limit {MAX_SOURCES}"""  # noqa: S608 a constant

QUARANTINED = f"""
    select s.connector, count(*)
    from (select stream_id from hub.quarantine where resolved_at is null limit {MAX_QUARANTINED}) q
    join hub.stream s on s.id = q.stream_id
    group by s.connector"""  # noqa: S608 a constant
OPEN_CIRCUITS = "select connector from hub.circuit where open_until > now() order by connector limit 200"
REFUSED_MODELS = """
    select count(*) filter (where newest.verdict = 'REJECTED')
    from (
        select distinct on (spec) verdict
        from link.model
        where origin = 'TRAINED'
        order by spec, version desc
    ) newest"""
QUEUE = """
    select
        count(*) filter (where j.status = 'todo' and (j.scheduled_at is null or j.scheduled_at <= now())),
        count(*) filter (where j.status = 'todo' and j.scheduled_at > now()),
        count(*) filter (where j.status = 'doing'),
        coalesce(greatest(0, extract(epoch from now() - min(coalesce(j.scheduled_at, e.at)) filter (
            where j.status = 'todo' and (j.scheduled_at is null or j.scheduled_at <= now())))), 0)
    from jobs.procrastinate_jobs j
    left join jobs.procrastinate_events e on e.job_id = j.id and e.type = 'deferred'
    where j.status in ('todo', 'doing')"""


@dataclass(frozen=True)
class SourceAge:
    """When a source last confirmed all that the hub has of it; None if it never did. `age_s` is by the database's clock.

    `promised_s` is `max_age_hours` of its manifest, in seconds; None if it promises none.
    """

    connector: str
    confirmed_at: datetime | None
    age_s: float | None
    promised_s: float | None

    @property
    def is_stale(self) -> bool:
        """Whether it is older than promised, or was never read though something is promised."""
        return self.promised_s is not None and (self.age_s is None or self.age_s > self.promised_s)

    def as_json(self) -> dict[str, Any]:
        """For `/healthz?deep`."""
        return {
            "connector": self.connector,
            "confirmedAt": self.confirmed_at and self.confirmed_at.isoformat(timespec="seconds"),
            "ageS": None if self.age_s is None else round(self.age_s),
            "promisedS": self.promised_s,
            "isStale": self.is_stale,
        }


def connect_to_watch(url: str) -> StoreConnection:
    """A connection that can only read, and waits for nothing for long. Raises psycopg.Error."""
    return StoreConnection.connect(
        add_silence_timeouts(url),
        options=OPTIONS,
        connect_timeout=int(ANSWER_WITHIN_S),
        autocommit=True,
        application_name="hub-metrics",
    )


def read_source_ages(connection: psycopg.Connection[Any], manifests: Mapping[str, Manifest]) -> list[SourceAge]:
    """The age of each source that was ever synced, or that promises one. Raises psycopg.Error."""
    found = {name: (at, now) for name, at, now in connection.execute(SOURCES).fetchall()}
    promised = {m.name: m.max_age_hours * 3600 for m in manifests.values() if m.max_age_hours is not None}
    ages = []
    for name in sorted(found.keys() | promised.keys())[:MAX_SOURCES]:
        at, now = found.get(name, (None, None))
        age_s = None if at is None or now is None else (now - at).total_seconds()
        ages.append(SourceAge(name, at, age_s, promised.get(name)))
    return ages


def count_refused_models(connection: psycopg.Connection[Any]) -> int:
    """The linking models whose newest training failed its checks, so that an earlier version scores. Raises psycopg.Error."""
    return int(fetch_row(connection, REFUSED_MODELS)[0])


def load_source_ages(url: str, manifests: Mapping[str, Manifest]) -> list[SourceAge]:
    """The same on a connection of its own. Raises StoreUnavailable."""
    try:
        with connect_to_watch(url) as connection:
            return read_source_ages(connection, manifests)
    except psycopg.Error:
        # Not the message: it may name logins.
        raise StoreUnavailable(next_step="see `hub doctor`") from None


@dataclass(frozen=True)
class QueueState:
    """Jobs of the queue; `oldest_wait_s` is how long the oldest one that is due has waited, 0 if none is."""

    due: int
    scheduled: int
    running: int
    oldest_wait_s: float


@dataclass(frozen=True)
class StoreState:
    """What a worker's login can see of sources, queue and linking. `quarantined` are rows by connector, of MAX_QUARANTINED at most."""

    sources: list[SourceAge]
    queue: QueueState
    quarantined: Mapping[str, int]
    open_circuits: frozenset[str]
    refused_models: int
    webhooks: WebhookBacklog


def read_store_state(url: str, manifests: Mapping[str, Manifest]) -> StoreState:
    """Everything, on a connection of its own. Raises psycopg.Error."""
    with connect_to_watch(url) as connection:
        due, scheduled, running, wait_s = fetch_row(connection, QUEUE)
        return StoreState(
            read_source_ages(connection, manifests),
            QueueState(due, scheduled, running, float(wait_s)),
            dict(connection.execute(QUARANTINED).fetchall()),
            frozenset(name for (name,) in connection.execute(OPEN_CIRCUITS).fetchall()),
            count_refused_models(connection),
            read_webhook_backlog(connection),
        )
