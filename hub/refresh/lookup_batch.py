"""One batch of look-ups: keys of one stream, asked for together, and how each ended."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import Connection

from hub.errors import HubError, OperationRefused, SourceUnavailable
from hub.ingest.guards.request_limits import QuotaExceeded, SharedRequestGate
from hub.ingest.read.reader import AnswerMalformed
from hub.ingest.run.lookup import LookupResult, LookupTask, look_up
from hub.ingest.run.outcome import CursorMoved
from hub.refresh import lookup_statements as sql
from hub.refresh.refresh_types import RefreshStatus
from hub.refresh.source_guard import LookupLimits, SourceGuard
from hub.sdk.lookup_keys import count_keys_per_request
from hub.sdk.manifest import Manifest

Statuses = Mapping[str, RefreshStatus]


@dataclass(frozen=True)
class LookupBatch:
    """Claimed requests for rows of one stream, by source key. The source has `timeout_s` seconds to answer."""

    stream_id: int
    manifest: Manifest
    stream: str
    keys: tuple[str, ...]
    timeout_s: float

    @property
    def where(self) -> str:
        """Name of the stream in messages."""
        return f"{self.manifest.name}.{self.stream}"


@dataclass(frozen=True)
class BatchOutcome:
    """How each key ended, when the source was asked, how many rows changed, and what a person should know."""

    statuses: Statuses
    as_of: datetime | None = None
    changed: int = 0
    reason: str = ""
    seconds: float = 0.0

    def describe(self, batch: LookupBatch) -> str:
        """Return a line for the log: counts only, since keys name people."""
        counts = Counter(status.value for status in self.statuses.values())
        parts = ", ".join(f"{count} {status}" for status, count in counts.items())
        return f"look up {batch.where}: {parts}; {self.seconds * 1000:.0f} ms" + (
            f"; {self.reason}" * bool(self.reason)
        )


def serve_batch(connection: Connection[Any], url: str, batch: LookupBatch) -> BatchOutcome:
    """Ask the source as far as its limits allow, merge what it returns, and settle the requests.

    Raises psycopg.Error if the store is away: the requests then stay claimed, and whoever waits for them times out.
    """
    began = time.monotonic()
    done = _ask_within_limits(connection, url, batch)
    confirmed = {
        "stream": batch.stream_id,
        "keys": list(done.statuses),
        "statuses": [status.value for status in done.statuses.values()],
        "confirmed": done.as_of,
    }
    connection.execute(sql.SETTLE, confirmed)
    return BatchOutcome(done.statuses, done.as_of, done.changed, done.reason, time.monotonic() - began)


def _ask_within_limits(connection: Connection[Any], url: str, batch: LookupBatch) -> BatchOutcome:
    guard = SourceGuard(connection, batch.manifest, LookupLimits.of(batch.manifest, batch.timeout_s))
    per_request = count_keys_per_request(batch.manifest.streams[batch.stream])
    admission = guard.admit(-(-len(batch.keys) // per_request))
    asked = batch.keys[: admission.requests * per_request]
    refused = dict.fromkeys(batch.keys[len(asked) :], admission.refusal)
    if not asked:
        return BatchOutcome(refused)
    done = _ask(connection, url, batch, asked, guard)
    return BatchOutcome({**done.statuses, **refused}, done.as_of, done.changed, done.reason)


def _ask(
    connection: Connection[Any], url: str, batch: LookupBatch, keys: tuple[str, ...], guard: SourceGuard
) -> BatchOutcome:
    """Ask the source, and tell its guard how that ended."""
    began = time.monotonic()
    gate = SharedRequestGate(batch.manifest, url)
    task = LookupTask(_hurry(batch), batch.stream, keys, batch.timeout_s)
    try:
        result = look_up(connection, url, task, gate=gate)
    except psycopg.Error:
        if connection.broken:
            raise
        # The store rejected the rows; the kind of PostgreSQL's error is not worth a status of its own.
        return BatchOutcome(dict.fromkeys(keys, RefreshStatus.LIED), reason="the store rejected the rows")
    except HubError as error:
        status = _classify(error, timed_out=time.monotonic() - began >= batch.timeout_s)
        if status in FAILURES:
            guard.note_failure()
        return BatchOutcome(dict.fromkeys(keys, status), reason=error.message)
    finally:
        gate.close()
    guard.note_success()
    return _read_result(result)


FAILURES = (RefreshStatus.LIED, RefreshStatus.TIMED_OUT, RefreshStatus.SOURCE_DOWN)
"""What counts for the circuit breaker: the source did not answer, or with something else."""
STATUS_OF_ERROR: tuple[tuple[type[HubError], RefreshStatus], ...] = (
    (CursorMoved, RefreshStatus.STREAM_BUSY),
    (QuotaExceeded, RefreshStatus.QUOTA_SPENT),
    (AnswerMalformed, RefreshStatus.LIED),
    (OperationRefused, RefreshStatus.NOT_PROMISED),
    (HubError, RefreshStatus.SOURCE_DOWN),
)
"""The first match counts."""


def _classify(error: HubError, *, timed_out: bool) -> RefreshStatus:
    status = next(status for kind, status in STATUS_OF_ERROR if isinstance(error, kind))
    if timed_out and isinstance(error, SourceUnavailable) and status is RefreshStatus.SOURCE_DOWN:
        return RefreshStatus.TIMED_OUT
    return status


def _read_result(result: LookupResult) -> BatchOutcome:
    statuses = {
        **dict.fromkeys(result.stored, RefreshStatus.REFRESHED),
        **dict.fromkeys(result.absent, RefreshStatus.ABSENT),
        **dict.fromkeys(result.rejected, RefreshStatus.LIED),
    }
    changed = sum(count.added + count.changed + count.deleted for count in result.counts)
    return BatchOutcome(statuses, result.as_of, changed)


def _hurry(batch: LookupBatch) -> Manifest:
    """Return the manifest with a source that is asked once and briefly: an officer waits."""
    source = batch.manifest.source
    timeout_s = min(source.timeout_s, batch.timeout_s)
    return batch.manifest.model_copy(
        update={"source": source.model_copy(update={"timeout_s": timeout_s, "attempts": 1})}
    )
