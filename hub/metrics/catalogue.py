"""Every metric of the hub: name, kind, meaning and labels. The rules and the dashboard in `docker/` use these names.

Names follow Prometheus: a unit at the end, `_total` for counters, and a point in time as `_timestamp_seconds`, from which `time() - …` is the age.
Labels have names that this program, its configuration or its manifests declare: never a value of a record, a dossier or a person.
"""

from dataclasses import dataclass
from enum import Enum

from hub.histogram import Histogram

MAX_SERIES = 2_000
"""Series of one metric; those beyond are dropped, and `hub_metrics_dropped_series` says so."""


class MetricKind(Enum):
    """Kinds of Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Across(Enum):
    """What the value of several processes together is (`hub serve --workers`)."""

    SUM = "sum"
    HIGHEST = "highest"


@dataclass(frozen=True)
class Metric:
    """One metric. A sample of it has a value for each label."""

    name: str
    kind: MetricKind
    help: str
    labels: tuple[str, ...] = ()
    across: Across = Across.SUM

    def at(self, value: float | Histogram, *labels: str) -> "Sample":
        """A sample: of a histogram all its buckets, otherwise one number."""
        assert len(labels) == len(self.labels)  # the program's own tables
        return Sample(self, labels, value)


@dataclass(frozen=True)
class Sample:
    """One series of a metric, now."""

    metric: Metric
    labels: tuple[str, ...]
    value: float | Histogram


def declare_counter(name: str, text: str, *labels: str) -> Metric:
    """A number that only grows while the process lives."""
    return Metric(name, MetricKind.COUNTER, text, labels)


def declare_gauge(name: str, text: str, *labels: str, across: Across = Across.SUM) -> Metric:
    """A number as it is now."""
    return Metric(name, MetricKind.GAUGE, text, labels, across)


def declare_histogram(name: str, text: str, *labels: str) -> Metric:
    """How values are spread."""
    return Metric(name, MetricKind.HISTOGRAM, text, labels)


# Of every process
BUILD_INFO = declare_gauge(
    "hub_build_info", "1; the labels say which version runs, and as what.", "version", "process", across=Across.HIGHEST
)
DROPPED_SERIES = declare_gauge("hub_metrics_dropped_series", "Series that were left out because a metric had too many.")

# Requests
REQUESTS = declare_counter(
    "hub_requests_total",
    "GraphQL requests by operation (`other` if its name is not of a known document), purpose and outcome: ok, refused or failed, and of what class the error was.",
    *("operation", "purpose", "outcome", "reason"),
)
REQUEST_DURATION = declare_histogram(
    "hub_request_duration_seconds", "Seconds from the head of a GraphQL request to its answer.", "operation"
)
HTTP_RESPONSES = declare_counter("hub_http_responses_total", "HTTP answers on all paths by status.", "status")
SUBSCRIPTIONS = declare_gauge("hub_subscriptions", "Subscriptions that are open.")
SUBSCRIPTIONS_MAX = declare_gauge("hub_subscriptions_max", "Subscriptions that may be open: HUB_MAX_SUBSCRIPTIONS.")
CHANGES_WAITING = declare_gauge("hub_changes_waiting_seconds", "Seconds that changes have waited for an older transaction before subscribers see them.", across=Across.HIGHEST)  # fmt: skip
LIMITS_MET = declare_counter(
    "hub_limits_met_total", "Callers that met a limit of reading, once for each time window.", "limit"
)
LOOKUPS = declare_counter("hub_lookups_total", "Records that a procedure needed fresh, by how that ended.", "status")

# Read pool and caches
READS_WAITING = declare_gauge(
    "hub_reads_waiting", "Reads that wait for their turn, by size: large ones may use half of the connections.", "size"
)
POOL_CONNECTIONS = declare_gauge("hub_pool_connections", "Connections of the read pool.")
POOL_IDLE = declare_gauge("hub_pool_connections_idle", "Connections of the read pool that are not in use.")
POOL_MAX = declare_gauge("hub_pool_connections_max", "Connections that the read pool may have: HUB_POOL_SIZE.")
POOL_WAITING = declare_gauge("hub_pool_requests_waiting", "Reads that wait for a connection now.")
POOL_QUEUED = declare_counter("hub_pool_requests_queued_total", "Reads that had to wait for a connection.")
POOL_WAIT = declare_counter("hub_pool_wait_seconds_total", "Seconds that reads have waited for a connection.")
POOL_ERRORS = declare_counter("hub_pool_requests_errors_total", "Reads that got no connection in time.")
POOL_CONNECT_ERRORS = declare_counter(
    "hub_pool_connect_errors_total", "Attempts to connect to the database that failed."
)
ROW_READS = declare_counter(
    "hub_row_reads_total", "Statements of plans by who ran them: `primary`, or the number of a replica in HUB_REPLICA_URLS.", "place"
)  # fmt: skip
REPLICA_FAILED = declare_counter("hub_replica_failed_reads_total", "Statements that a replica failed and that went to the primary.", "replica")  # fmt: skip
REPLICA_READERS = declare_gauge("hub_replica_readers", "Processes that read from a replica now; 0 if it is left out.", "replica")  # fmt: skip
REPLICA_LAG = declare_gauge(
    "hub_replica_lag_seconds", "Seconds that a replica was behind the primary when it was asked; missing if it is not known.", "replica", across=Across.HIGHEST
)  # fmt: skip
CACHE_ENTRIES = declare_gauge("hub_cache_entries", "Entries of a cache.", "cache")
CACHE_BYTES = declare_gauge("hub_cache_bytes", "Estimated size of a cache in memory.", "cache")
CACHE_MAX_BYTES = declare_gauge("hub_cache_max_bytes", "Size that a cache may have.", "cache")

# Ledger
LEDGER_RECORDS = declare_counter("hub_ledger_records_total", "Records committed to the ledger by this process.")
LEDGER_BATCH = declare_histogram("hub_ledger_batch_records", "Records of each commit.")
LEDGER_COMMIT = declare_histogram("hub_ledger_commit_duration_seconds", "Seconds of each commit of records.")
LEDGER_REFUSED = declare_counter("hub_ledger_refused_total", "Reads refused because they could not be written down.")
LEDGER_WAITING = declare_gauge("hub_ledger_records_waiting", "Records that wait for a commit now.")
LEDGER_CHECKPOINTER = declare_gauge("hub_ledger_checkpointer", "1 if this process is the one that makes checkpoints.")
LEDGER_CHECKPOINT = declare_gauge(
    "hub_ledger_last_checkpoint_timestamp_seconds", "When the last checkpoint was made; only of the process that makes them.", across=Across.HIGHEST
)  # fmt: skip
LEDGER_WITNESS = declare_gauge(
    "hub_ledger_witness_timestamp_seconds",
    "When a witness last had every checkpoint; only of the process that makes them.",
    "witness",
    across=Across.HIGHEST,
)

WEB_METRICS = (
    *(BUILD_INFO, DROPPED_SERIES, REQUESTS, REQUEST_DURATION, HTTP_RESPONSES, SUBSCRIPTIONS, SUBSCRIPTIONS_MAX),
    CHANGES_WAITING,
    *(
        LIMITS_MET,
        LOOKUPS,
        READS_WAITING,
        POOL_CONNECTIONS,
        POOL_IDLE,
        POOL_MAX,
        POOL_WAITING,
        POOL_QUEUED,
        POOL_WAIT,
        POOL_ERRORS,
        ROW_READS,
        REPLICA_FAILED,
        REPLICA_READERS,
        REPLICA_LAG,
    ),
    *(POOL_CONNECT_ERRORS, CACHE_ENTRIES, CACHE_BYTES, CACHE_MAX_BYTES, LEDGER_RECORDS, LEDGER_BATCH, LEDGER_COMMIT),
    *(LEDGER_REFUSED, LEDGER_WAITING, LEDGER_CHECKPOINTER, LEDGER_CHECKPOINT, LEDGER_WITNESS),
)

# Of the parent of `hub serve --workers`
PROCESSES = declare_gauge("hub_processes", "Processes of `hub serve --workers` that answer.")
PROCESSES_WANTED = declare_gauge("hub_processes_wanted", "Processes that `--workers` asks for.")
PROCESS_ENDS = declare_counter(
    "hub_process_ends_total", "Processes that ended: in order (a restart), crashed, or stuck and killed.", "how"
)
PARENT_METRICS = (PROCESSES, PROCESSES_WANTED, PROCESS_ENDS)

# Runs of connectors, and the other work of a worker
RUNS = declare_counter("hub_runs_total", "Runs of connectors by this worker, by how they ended.", "connector", "status")
RUN_ROWS = declare_counter("hub_run_rows_total", "Rows that runs read, changed in the store, or put into quarantine.", "connector", "what")  # fmt: skip
RUN_DURATION = declare_histogram("hub_run_duration_seconds", "Seconds of each run of a connector.", "connector")
JOBS = declare_counter("hub_jobs_total", "Jobs of this worker by task and by how they ended: done, failed or interrupted.", "task", "outcome")  # fmt: skip

# What the database says; every worker says the same
STORE_UP = declare_gauge(
    "hub_store_up", "1 if the database answered this scrape; if it did not, what it would say is missing."
)
SOURCE_CONFIRMED = declare_gauge(
    "hub_source_confirmed_timestamp_seconds", "When a source last confirmed all that the hub has of it.", "connector"
)
SOURCE_PROMISED = declare_gauge("hub_source_promised_age_seconds", "Seconds that its data may be old: max_age_hours of its manifest.", "connector")  # fmt: skip
QUEUE_JOBS = declare_gauge("hub_queue_jobs", "Jobs of the queue by state: due, scheduled, running or failed.", "state")
QUEUE_WAIT = declare_gauge(
    "hub_queue_oldest_wait_seconds", "Seconds that the oldest job that is due has waited for a worker."
)
QUARANTINE_ROWS = declare_gauge(
    "hub_quarantine_rows", "Rows that wait in quarantine, counted up to 100,000.", "connector"
)
CIRCUITS_OPEN = declare_gauge("hub_source_circuit_open", "1 if the circuit breaker of a source is open.", "connector")
LINKING_MODELS_REFUSED = declare_gauge(
    "hub_linking_models_refused",
    "Linking models whose newest training failed its checks: the last good version, or rules alone, link in its place.",
)
WEBHOOK_DELIVERIES = declare_gauge(
    "hub_webhook_deliveries", "Events that receivers of webhooks do not have: waiting, or dead (given up).", "state"
)

WORKER_METRICS = (
    *(BUILD_INFO, DROPPED_SERIES, RUNS, RUN_ROWS, RUN_DURATION, JOBS, STORE_UP, SOURCE_CONFIRMED, SOURCE_PROMISED),
    *(QUEUE_JOBS, QUEUE_WAIT, QUARANTINE_ROWS, CIRCUITS_OPEN, LINKING_MODELS_REFUSED, WEBHOOK_DELIVERIES),
)
