"""Observe drift during a run: collect it, record it, and stop a frozen stream."""

from collections.abc import Iterable
from typing import Any

from psycopg import Connection

from hub.ingest.drift import records as drift_record
from hub.ingest.drift.detect import DriftDetector, DriftFinding, is_covered
from hub.ingest.guards.approvals import ApprovalRequest
from hub.ingest.guards.change_limits import ChangeLimits
from hub.ingest.run.cursor import StreamCursor
from hub.ingest.run.outcome import ApprovalRequired, StreamOutcome
from hub.sdk.streams import Stream


class DriftObserver:
    """The drift of one stream in one run."""

    def __init__(
        self,
        connection: Connection[Any],
        stream: Stream,
        place: StreamCursor,
        bounds: ChangeLimits,
        watch: DriftDetector,
        outcome: StreamOutcome,
    ) -> None:
        self.connection = connection
        self.mode = stream.drift
        self.cursor, self.limits, self.detector, self.outcome = place, bounds, watch, outcome
        self.found: dict[tuple[str, str], DriftFinding] = {}
        self.approved = drift_record.load_approved(connection, place.stream_id) if self.mode == "freeze" else {}

    def observe(self, findings: Iterable[DriftFinding]) -> None:
        """Collect findings, keeping the latest detail of each. Raises ApprovalRequired if a frozen stream must stop."""
        self.gather(findings)
        if self.mode != "freeze":
            return
        found = [f for f in self.found.values() if f.stops and not is_covered(f, self.approved.get(f.identity))]
        if found:
            words = "; ".join(f"column {finding.column} {finding.detail}" for finding in found)
            raise ApprovalRequired(
                ApprovalRequest("DRIFT", f"{self.cursor.where} is frozen: {words}; nothing was written")
            )

    def gather(self, findings: Iterable[DriftFinding]) -> None:
        """Collect findings and continue."""
        self.found |= {finding.identity: finding for finding in findings}
        self.outcome.drift[:] = [finding.describe(self.cursor.where) for finding in self.found.values()]

    def record(self) -> None:
        """Record the findings so far."""
        drift_record.record_findings(
            self.connection, self.cursor.stream_id, self.limits.options.run_id, self.found.values()
        )

    def save_shape(self, *, whole: bool) -> None:
        """Save the shape to compare the next read with, in the transaction that writes the rows."""
        # A frozen stream reaches this point only after approval; elsewhere `hub drift accept` accepts a new kind.
        frozen = self.mode == "freeze"
        taken = {column for kind, column in self.found if kind == "RETYPED" and frozen}
        self.cursor.save_shape(self.detector.next_shape(taken, whole=whole))

    def finish(self, *, whole: bool, rows: bool) -> None:
        """At the end of a read, resolve drift that ended, and mark a needed approval as used."""
        self.record()
        read = drift_record.CompletedRead(self.detector.list_judged(), whole, rows, self.mode == "discard_value")
        drift_record.resolve_ended(self.connection, self.cursor.stream_id, self.limits.options.run_id, read)
        if self.mode == "freeze" and any(finding.stops for finding in self.found.values()):
            self.limits.use_approval(ApprovalRequest("DRIFT", "taken"))
