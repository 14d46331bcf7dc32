"""What a run observes of a stream's shape: drift is gathered, kept, and where the stream is frozen, stops it."""

from collections.abc import Iterable
from typing import Any

from psycopg import Connection

from hub.ingest.drift import records as drift_record
from hub.ingest.drift.detect import Finding, Watch, covered
from hub.ingest.guards.approvals import Question
from hub.ingest.guards.change_limits import Bounds
from hub.ingest.run.cursor import Place
from hub.ingest.run.outcome import Outcome, Refused
from hub.sdk.streams import Stream


class Observed:
    """The drift of one stream in one run."""

    def __init__(
        self, connection: Connection[Any], stream: Stream, place: Place, bounds: Bounds, watch: Watch, outcome: Outcome
    ) -> None:
        self.connection = connection
        self.mode = stream.drift
        self.place, self.bounds, self.watch, self.outcome = place, bounds, watch, outcome
        self.found: dict[tuple[str, str], Finding] = {}
        self.approved = drift_record.taken(connection, place.stream_id) if self.mode == "freeze" else {}

    def see(self, findings: Iterable[Finding]) -> None:
        """Gather drift, each in its newest words. Raises Refused where a frozen stream goes no further."""
        self.gather(findings)
        if self.mode != "freeze":
            return
        found = [f for f in self.found.values() if f.stops and not covered(f, self.approved.get(f.identity))]
        if found:
            words = "; ".join(f"column {finding.column} {finding.detail}" for finding in found)
            raise Refused(Question("DRIFT", f"{self.place.where} is frozen: {words}; nothing of this was written"))

    def gather(self, findings: Iterable[Finding]) -> None:
        """Gather drift and go on."""
        self.found |= {finding.identity: finding for finding in findings}
        self.outcome.drift[:] = [finding.words(self.place.where) for finding in self.found.values()]

    def keep(self) -> None:
        """Keep what was found so far."""
        drift_record.keep(self.connection, self.place.stream_id, self.bounds.orders.run_id, self.found.values())

    def keep_shape(self, *, whole: bool) -> None:
        """Move what the next read is held against, in the transaction that writes the rows."""
        # A frozen stream came this far because a person approved; elsewhere `hub drift accept` does.
        frozen = self.mode == "freeze"
        taken = {column for kind, column in self.found if kind == "RETYPED" and frozen}
        self.place.reshape(self.watch.shape(taken, whole=whole))

    def settle(self, *, whole: bool, rows: bool) -> None:
        """At the end of a read: resolve what is over, and count an approval that was needed as used."""
        self.keep()
        read = drift_record.Read(self.watch.judged(), whole, rows, self.mode == "discard_value")
        drift_record.settle(self.connection, self.place.stream_id, self.bounds.orders.run_id, read)
        if self.mode == "freeze" and any(finding.stops for finding in self.found.values()):
            self.bounds.approved(Question("DRIFT", "taken"))
