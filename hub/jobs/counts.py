"""What a worker has done since it started, counted for its metrics."""

from collections import Counter
from dataclasses import dataclass, field

from hub.histogram import Histogram
from hub.ingest.run.connector_run import RunReport

DONE, FAILED, INTERRUPTED = "done", "failed", "interrupted"
OUTCOMES = (DONE, FAILED, INTERRUPTED)
RUN_STATUSES = ("SUCCEEDED", "PARTIAL", "FAILED", "DEFERRED")
"""Of `RunReport.status`."""
RUN_SECONDS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0)
"""Upper bounds of buckets, in seconds: from a run that finds nothing new to a first load."""


@dataclass(frozen=True)
class WorkerCounts:
    """Counts by connector, and by task. Connectors are those of the manifests, tasks those of the queue."""

    runs: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Runs by connector and status."""
    rows: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rows by connector and what became of them: read, changed, quarantined."""
    seconds: dict[str, Histogram] = field(default_factory=dict)
    """Duration of runs by connector."""
    jobs: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Jobs by task and outcome."""

    def note_run(self, report: RunReport) -> None:
        """Count a run that ended."""
        name = report.connector
        self.runs[name, report.status] += 1
        self.rows[name, "read"] += sum(count.read for count in report.counts)
        self.rows[name, "changed"] += report.changed
        self.rows[name, "quarantined"] += sum(count.quarantined for count in report.counts)
        self.seconds.setdefault(name, Histogram(RUN_SECONDS)).observe(report.seconds)

    def note_followed(self, connector: str, changed: int) -> None:
        """Count rows that following a connector changed; each connector is followed by one thread."""
        self.rows[connector, "changed"] += changed

    def note_job(self, task: str, outcome: str) -> None:
        """Count a job that ended."""
        self.jobs[task, outcome] += 1
