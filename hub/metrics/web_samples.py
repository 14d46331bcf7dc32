"""The samples of `hub serve`, read from its parts. Runs in another thread than they do, and waits for none of them."""

from collections.abc import Iterator
from importlib.metadata import version

from hub.access.limits.rates import RateKind
from hub.extras import DISTRIBUTION_NAME
from hub.graph.execution.row_reads import RowReads
from hub.metrics import catalogue as m
from hub.metrics.catalogue import Sample
from hub.refresh.refresh_types import RefreshStatus
from hub.web.edge import Edge


def read_web_samples(app: Edge) -> Iterator[Sample]:
    """Every series of a web process, as it is now."""
    parts = app.parts
    yield m.BUILD_INFO.at(1, version(DISTRIBUTION_NAME), "serve")
    meter = parts.executor.meter
    for (operation, purpose, result), count in list(meter.results.items()):
        yield m.REQUESTS.at(count, operation, purpose, *result)
    for operation, durations in list(meter.durations.items()):
        yield m.REQUEST_DURATION.at(durations, operation)
    for status, count in list(app.statuses.items()):
        yield m.HTTP_RESPONSES.at(count, str(status))
    yield m.SUBSCRIPTIONS.at(len(parts.executor.changes.subscribers))
    yield m.SUBSCRIPTIONS_MAX.at(parts.executor.changes.most_subscribers)
    yield m.CHANGES_WAITING.at(parts.executor.changes.waiting_s)
    if parts.limiter is not None:
        for kind in RateKind:
            yield m.LIMITS_MET.at(parts.limiter.met[kind], kind.value)
    for ended in RefreshStatus:
        yield m.LOOKUPS.at(parts.executor.refresher.outcomes[ended], ended.value)
    yield from _read_pool(app)
    yield from _read_replicas(app)
    for name, cache in parts.executor.preparer.caches.items():
        yield m.CACHE_ENTRIES.at(len(cache.entries), name)
        yield m.CACHE_BYTES.at(cache.size, name)
        yield m.CACHE_MAX_BYTES.at(cache.most_size, name)
    yield from _read_ledger(app)


def _read_pool(app: Edge) -> Iterator[Sample]:
    admission = app.parts.executor.admission
    yield m.READS_WAITING.at(admission.small.length, "small")
    yield m.READS_WAITING.at(admission.large.length, "large")
    stats = app.parts.executor.reads.pool.get_stats()
    yield m.POOL_CONNECTIONS.at(stats["pool_size"])
    yield m.POOL_IDLE.at(stats["pool_available"])
    yield m.POOL_MAX.at(stats["pool_max"])
    yield m.POOL_WAITING.at(stats.get("requests_waiting", 0))
    yield m.POOL_QUEUED.at(stats.get("requests_queued", 0))
    yield m.POOL_WAIT.at(stats.get("requests_wait_ms", 0) / 1000)
    yield m.POOL_ERRORS.at(stats.get("requests_errors", 0))
    yield m.POOL_CONNECT_ERRORS.at(stats.get("connections_errors", 0))


def _read_replicas(app: Edge) -> Iterator[Sample]:
    rows = app.parts.executor.rows
    if not isinstance(rows, RowReads):
        return
    yield m.ROW_READS.at(rows.from_primary, "primary")
    for place in rows.places:
        number, state = str(place.replica.number), place.replica.state
        yield m.ROW_READS.at(place.answered, number)
        yield m.REPLICA_FAILED.at(place.failed, number)
        yield m.REPLICA_READERS.at(state.fault is None, number)
        if state.lag_s is not None:
            yield m.REPLICA_LAG.at(state.lag_s, number)


def _read_ledger(app: Edge) -> Iterator[Sample]:
    ledger, keeper = app.parts.executor.ledger, app.parts.keeper
    if ledger is not None:
        counts = ledger.writer.counts
        yield m.LEDGER_RECORDS.at(counts.batch_records.total)
        yield m.LEDGER_BATCH.at(counts.batch_records)
        yield m.LEDGER_COMMIT.at(counts.commit_s)
        yield m.LEDGER_REFUSED.at(counts.refused)
        yield m.LEDGER_WAITING.at(ledger.writer.waiting)
    if keeper is not None:
        yield m.LEDGER_CHECKPOINTER.at(keeper.checkpointer.is_at_work)
        if (at := keeper.checkpointer.last_at) is not None:
            yield m.LEDGER_CHECKPOINT.at(at.timestamp())
        for delivery in keeper.deliveries:
            if (reached := delivery.reached_at) is not None:
                yield m.LEDGER_WITNESS.at(reached.timestamp(), delivery.name)
