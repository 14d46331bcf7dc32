"""Change limits: what a run may change in a stream's stored rows on its own, and what needs an approval."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from psycopg import Connection

from hub.ingest.guards import approvals as approve
from hub.ingest.guards.approvals import ApprovalRequest
from hub.ingest.run.cursor import StreamCursor
from hub.ingest.run.outcome import ApprovalRequired, RunOptions
from hub.ingest.write.affected_values import AffectedValues, add_counts, count_values_below
from hub.ingest.write.merge import ALWAYS_DELETABLE_ROWS, count_rows
from hub.ingest.write.merge_sql import MergeTask
from hub.sdk.streams import Stream

ALWAYS_CHANGEABLE_VALUES = 20
"""Changing up to this many values of a column never needs approval: percentages mean little for small tables."""


class ChangeLimits:
    """The change limits of one stream in one run. `requested` holds the approval requests made in it."""

    def __init__(
        self,
        connection: Connection[Any],
        stream: Stream,
        place: StreamCursor,
        orders: RunOptions,
        *,
        follows: bool = False,
    ) -> None:
        self.connection = connection
        self.follows = follows
        self.stream = stream
        self.cursor = place
        self.options = orders
        self.requested: set[tuple[str, str | None]] = set()
        self.affected: dict[str, Mapping[str, AffectedValues]] = {}
        """Entity → column → values that this run emptied, changed or set aside."""
        self.left: Counter[str] = Counter()
        """Entity → rows that left it in this run because they no longer meet its condition."""

    def check_plausible(self, work: MergeTask, read: int, present: int, came: int) -> None:
        """Reject an implausible full read: one that is empty, or, if nothing is swept, far shorter than before. Raises
        ApprovalRequired.

        `read` counts rows of this entity, `came` all rows of the source: if the rows merely belong to another entity
        now, the source was not empty, and what leaves this entity is checked like deletions.
        """
        if self.options.accept_deletes or not present:
            return
        if self.stream.emits[work.entity.name].when:
            read = came
        shrunk = (
            not self.stream.sweeps and present > ALWAYS_DELETABLE_ROWS and read < present * (1 - self.stream.max_shrunk)
        )
        if came and not shrunk:
            return
        question = ApprovalRequest(
            "SHRUNK",
            f"{self.cursor.where}: {work.entity.name}: the source returned {read} rows and the store has {present};"
            " the store is unchanged",
            work.entity.name,
            read,
            present,
        )
        if not self.use_approval(question):
            raise ApprovalRequired(question)

    def check_deletes(self, work: MergeTask, going: int, present: int) -> ApprovalRequired | None:
        """Return the error if this many rows must not be deleted, otherwise None."""
        if going <= ALWAYS_DELETABLE_ROWS or going <= present * self.stream.max_deleted or self.options.accept_deletes:
            return None
        question = ApprovalRequest(
            "DELETES",
            f"{self.cursor.where}: {work.entity.name}: the source no longer has {going} of {present} rows, more than the"
            " manifest allows (max_deleted); they were not deleted",
            work.entity.name,
            going,
            present,
        )
        return None if self.use_approval(question) else ApprovalRequired(question, self.request_approval(question))

    def check_leaving(self, work: MergeTask, going: int) -> None:
        """Check rows that no longer meet the condition of their entity, like deletions. Raises ApprovalRequired."""
        # Following a source goes on for months, so there each commit is checked separately.
        before = 0 if self.follows else self.left[work.entity.name]
        if going + before <= ALWAYS_DELETABLE_ROWS or self.options.accept_deletes:
            self.left[work.entity.name] += going
            return
        present = count_rows(self.connection, work)
        if going + before > (present + before) * self.stream.max_deleted:
            question = ApprovalRequest(
                "DELETES",
                f"{self.cursor.where}: {work.entity.name}: {going + before} of {present + before} rows no longer meet its"
                " `when`, more than max_deleted allows; nothing was written",
                work.entity.name,
                going + before,
                present + before,
            )
            if not self.use_approval(question):
                raise ApprovalRequired(question)
        self.left[work.entity.name] += going

    def check_changes(self, work: MergeTask, counts: Mapping[str, AffectedValues]) -> None:
        """Check values that would be emptied, changed or set aside against `max_changed`. Raises ApprovalRequired."""
        name = work.entity.name
        before = {} if self.follows else self.affected.get(name, {})
        now = dict(add_counts(before, counts))
        told, worst = [], (0, 0)
        for column, count in now.items():
            held_ = self._count_if_excessive(work, column, count, before.get(column)) if column in counts else None
            if held_ is not None:
                told.append(f"{column} ({count.describe()} of {held_})")
                worst = max(worst, (count.total, held_))
        if told:
            question = ApprovalRequest(
                "VALUES",
                f"{self.cursor.where}: {name}: more values would change than max_changed allows: "
                f"{'; '.join(told)}; nothing was written",
                name,
                *worst,
            )
            if not self.use_approval(question):
                raise ApprovalRequired(question)
        self.affected[name] = now

    def _count_if_excessive(
        self, work: MergeTask, column: str, count: AffectedValues, before: AffectedValues | None
    ) -> int | None:
        """Return how many values of a column were stored if too many of them are affected, otherwise None."""
        if column in self.stream.volatile:
            count = AffectedValues(count.emptied, 0, count.aside)
        if count.total <= ALWAYS_CHANGEABLE_VALUES or self.stream.max_changed == 1:
            return None
        if self.stream.max_changed == 0:
            return count.total
        emptied = before.emptied if before else 0
        found = count_values_below(self.connection, work, column, count.total / self.stream.max_changed - emptied)
        return None if found is None else found + emptied

    def use_approval(self, question: ApprovalRequest) -> bool:
        """Whether a person has approved this. Each approval serves once."""
        return approve.use_approval(self.connection, self.cursor.stream_id, self.options.run_id, question)

    def request_approval(self, question: ApprovalRequest) -> int:
        """Request an approval. Returns its number."""
        self.requested.add((question.kind, question.entity))
        return approve.request_approval(self.connection, self.cursor.stream_id, self.options.run_id, question)

    def withdraw_requests(self) -> None:
        """At the end of a run, close requests of earlier runs that it did not have to repeat."""
        approve.withdraw_requests(self.connection, self.cursor.stream_id, self.options.run_id, self.requested)
